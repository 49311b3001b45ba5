//! The data of line charts.

/// A chart of lines, each labelled at its right end.
#[derive(Clone, Debug, Default)]
pub struct LineChart {
    pub title: String,
    pub x_label: String,
    pub y_label: String,
    pub series: Vec<Series>,
    pub baselines: Vec<Baseline>,
    pub log_y: bool,
    pub log_x: bool,
    /// Names of the places 0, 1, 2, ... of an x axis without numbers.
    pub categories: Vec<String>,
    /// True for an x axis with a margin at both ends, for bars and dots.
    pub x_margin: bool,
    /// The range of the y axis if several charts share it; by default the range of the data.
    pub y_range: Option<(f64, f64)>,
    /// True if a legend outside the chart names the series; their ends then have no labels.
    pub legend_elsewhere: bool,
    /// A point to circle, such as the best.
    pub circled: Option<(f64, f64)>,
}

/// One line. A point that the axes cannot show is a gap: NaN, infinity, and on a logarithmic axis
/// all numbers that are not positive.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// The label at the line's end; an empty name has no label.
    pub name: String,
    pub points: Vec<(f64, f64)>,
    /// Half the height of the band around each point, such as a standard deviation over seeds.
    pub spread: Option<Vec<f64>>,
    /// Half the height of the bar through each point; a NaN has no bar.
    pub error_bars: Option<Vec<f64>>,
    /// Single values behind the points, drawn small and faint.
    pub dots: Vec<(f64, f64)>,
    /// The number of the colour, dashes and marker; by default the series' place in its chart.
    pub style: Option<usize>,
    /// True for points without a line through them.
    pub unconnected: bool,
}

/// A value to compare with, drawn as a dashed line.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// The label at the line's end; an empty name has no label.
    pub name: String,
    /// The value at the right end.
    pub value: f64,
    /// The values along the x axis; by default the line is level.
    pub points: Vec<(f64, f64)>,
}

impl LineChart {
    /// All values that the y axis covers. Of a band on a logarithmic axis, the lower edge may be
    /// outside.
    pub fn heights(&self) -> impl Iterator<Item = f64> {
        let points = self.series.iter().flat_map(|series| {
            series.points.iter().enumerate().flat_map(|(index, &(_, y))| {
                let reach = series.reach(index);
                let low = if self.log_y { (y - reach).max(0.1 * y) } else { y - reach };
                [low, y + reach]
            })
        });
        let dots = self.series.iter().flat_map(|series| &series.dots).map(|dot| dot.1);
        let baselines = self
            .baselines
            .iter()
            .flat_map(|baseline| baseline.points.iter().map(|point| point.1).chain([baseline.value]));
        points.chain(dots).chain(baselines)
    }
}

impl Series {
    /// The number of the colour, dashes and marker of series number `index` of a chart.
    pub(crate) fn style(&self, index: usize) -> usize {
        self.style.unwrap_or(index)
    }

    /// Half the height of the band or bar at a point, of whichever is higher.
    fn reach(&self, index: usize) -> f64 {
        let spreads = [&self.spread, &self.error_bars].into_iter().flatten();
        let spreads = spreads.filter_map(|spread| spread.get(index).copied());
        spreads.filter(|spread| spread.is_finite()).fold(0.0, |most, spread| spread.abs().max(most))
    }
}
