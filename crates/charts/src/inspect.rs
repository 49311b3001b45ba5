//! For tests: the content of a figure as the renderer measures it, independent of the layout code.

use std::sync::Arc;

pub use resvg::usvg::roxmltree;
use resvg::usvg::{Group, Node, Options, Rect, Tree, fontdb};

use super::figure::{self, Figure};

/// Panics if a text leaves the page or overlaps another one, in the embedded font or where a viewer
/// has only a much wider one.
pub fn assert_words_are_apart(figure: &Figure) {
    let mut wide = fontdb::Database::new();
    wide.load_font_data(epaint_default_fonts::HACK_REGULAR.to_vec());
    wide.set_sans_serif_family("Hack");
    for fonts in [figure::fonts(), Arc::new(wide)] {
        assert_apart(figure, fonts);
    }
}

fn assert_apart(figure: &Figure, fontdb: Arc<fontdb::Database>) {
    let tree = Tree::from_str(figure.svg(), &Options { fontdb, ..Options::default() }).unwrap();
    let mut boxes = Vec::new();
    collect_words(tree.root(), &mut boxes);
    assert!(!boxes.is_empty());
    for (index, (words, here)) in boxes.iter().enumerate() {
        let inside = here.left() >= 0.0 && here.top() >= 0.0;
        assert!(inside && here.right() <= tree.size().width(), "{words} leaves the page: {here:?}");
        assert!(here.bottom() <= tree.size().height(), "{words} leaves the page: {here:?}");
        for (others, there) in &boxes[..index] {
            let across = here.left() < there.right() && there.left() < here.right();
            let down = here.top() < there.bottom() && there.top() < here.bottom();
            assert!(!(across && down), "{words:?} {here:?} overlaps {others:?} {there:?}");
        }
    }
}

/// All texts of a figure, with a blank between two lines.
pub fn words(figure: &Figure) -> String {
    let page = roxmltree::Document::parse(figure.svg()).unwrap();
    let texts = page.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text()).collect::<Vec<_>>().join(" ")
}

/// The attribute `d` of every path of a class.
pub fn paths(figure: &Figure, class: &str) -> Vec<String> {
    let page = roxmltree::Document::parse(figure.svg()).unwrap();
    let of_class = page.descendants().filter(|node| node.attribute("class") == Some(class));
    of_class.map(|node| node.attribute("d").unwrap().to_owned()).collect()
}

/// The numbers in a path's `d`.
pub fn numbers(path: &str) -> Vec<f64> {
    let words = path.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'));
    words.filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect()
}

fn collect_words(group: &Group, boxes: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(group) => collect_words(group, boxes),
            Node::Text(text) => {
                let words = text.chunks().iter().map(|chunk| chunk.text()).collect();
                boxes.push((words, text.abs_bounding_box()));
            }
            _ => {}
        }
    }
}
