//! Finished tables as a C program part.

use std::fmt::Write;

use super::finished::{BitTables, Finished};
use crate::bits::Encoder;
use crate::{PIXELS, SIDE};

/// Numbers of a row in the source.
const IN_A_ROW: usize = 12;

impl Finished {
    /// C (C99) that answers as these tables do: a function `int umwelt_answer(const unsigned char
    /// pixels[784])` without memory of its own, whose value is the class with the most ones, the
    /// lowest in a tie.
    pub fn c_code(&self, encoder: &Encoder, name: &str) -> String {
        let layers: String = self.layers.iter().enumerate().map(|(at, layer)| constants(at, layer)).collect();
        let sizes: Vec<usize> = self.layers.iter().map(|layer| layer.mapping.len() / layer.inputs).collect();
        let outputs: Vec<String> =
            sizes.iter().enumerate().map(|(at, size)| format!("outputs_{at}[{size}]")).collect();
        let calls: String = (0..self.layers.len()).map(|at| call(at, &self.layers[at], sizes[at])).collect();
        let last = sizes.len().saturating_sub(1);
        let (classes, bits) = (self.classes, encoder.bits());
        let group = sizes.last().copied().unwrap_or(0) / classes;
        format!(
            "/* {name}: {bits} bits of a picture, tables {sizes:?}, {classes} classes. */\n\
             #include <stdint.h>\n\n{input}{layers}{TABLES}\n\
             /* The class of a picture of {SIDE} x {SIDE} pixels, row by row, 0 (paper) to 255 (ink). */\n\
             int umwelt_answer(const unsigned char pixels[{PIXELS}]) {{\n\
             \x20   static unsigned char bits[{bits}], {outputs};\n\
             \x20   for (int at = 0; at < {bits}; at++) bits[at] = input_bit(pixels, at);\n\
             {calls}\
             \x20   int best = 0, most = -1;\n\
             \x20   for (int class = 0; class < {classes}; class++) {{\n\
             \x20       int ones = 0;\n\
             \x20       for (int at = 0; at < {group}; at++) ones += outputs_{last}[class * {group} + at];\n\
             \x20       if (ones > most) {{ most = ones; best = class; }}\n\
             \x20   }}\n\
             \x20   return best;\n\
             }}\n",
            input = input_bit(encoder),
            outputs = outputs.join(", "),
        )
    }
}

/// Evaluation of a layer in C.
const TABLES: &str = "\
static void evaluate(const uint16_t *wires, const uint64_t *tables, int count, int inputs, int words,
                     const unsigned char *from, unsigned char *to) {
    for (int at = 0; at < count; at++) {
        unsigned address = 0;
        for (int j = 0; j < inputs; j++) address |= (unsigned)from[wires[at * inputs + j]] << j;
        to[at] = tables[at * words + address / 64] >> (address % 64) & 1;
    }
}
";

/// The function that computes one bit of a picture.
fn input_bit(encoder: &Encoder) -> String {
    let lowest = encoder.lowest();
    let head = "static unsigned char input_bit(const unsigned char *pixels, int bit)";
    match lowest.is_empty() {
        true => {
            format!("{head} {{ return pixels[bit % {PIXELS}] >> (7 - bit / {PIXELS}) & 1; }}\n\n")
        }
        false => {
            let values = numbers(lowest.iter());
            let count = lowest.len();
            format!(
                "/* The lowest value that sets each bit. */\n\
                 static const uint16_t lowest[{count}] = {{\n{values}}};\n\
                 {head} {{ return pixels[bit % {PIXELS}] >= lowest[bit]; }}\n\n"
            )
        }
    }
}

/// Wires and tables of a layer.
fn constants(at: usize, layer: &BitTables) -> String {
    let (wires, tables) = (layer.mapping.len(), layer.tables.len());
    let hexadecimal = layer.tables.iter().map(|table| format!("0x{table:x}u"));
    format!(
        "static const uint16_t wires_{at}[{wires}] = {{\n{}}};\n\
         static const uint64_t tables_{at}[{tables}] = {{\n{}}};\n\n",
        numbers(layer.mapping.iter()),
        numbers(hexadecimal)
    )
}

fn call(at: usize, layer: &BitTables, count: usize) -> String {
    let from = if at == 0 { "bits".to_owned() } else { format!("outputs_{}", at - 1) };
    let (inputs, words) = (layer.inputs, BitTables::words(layer.inputs));
    format!("    evaluate(wires_{at}, tables_{at}, {count}, {inputs}, {words}, {from}, outputs_{at});\n")
}

fn numbers(values: impl Iterator<Item = impl ToString>) -> String {
    let values: Vec<String> = values.map(|value| value.to_string()).collect();
    values.chunks(IN_A_ROW).fold(String::new(), |mut rows, row| {
        writeln!(rows, "    {},", row.join(", ")).expect("a string takes what is written");
        rows
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use umwelt_base::random::Stream;

    use super::*;
    use crate::Digit;
    use crate::bits::{Encoding, EncodingSettings};

    /// Random tables of the given sizes and inputs.
    fn tables(sizes: &[(usize, usize)], bits: usize) -> Finished {
        let mut rng = Stream::new(1, "tables").at(&[]);
        let mut width = bits;
        let layers = sizes.iter().map(|&(count, inputs)| {
            let mapping = (0..count * inputs).map(|_| rng.below(width) as u16).collect();
            let entries: Vec<f32> = (0..count << inputs).map(|_| rng.between(-1.0, 1.0) as f32).collect();
            width = count;
            BitTables::new(inputs, mapping, &entries)
        });
        Finished { layers: layers.collect(), classes: 10 }
    }

    /// The answers of the compiled C to `images`.
    fn compiled(code: &str, images: &[Digit]) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        let (source, program) = (folder.path().join("agent.c"), folder.path().join("agent"));
        let main = format!(
            "#include <stdio.h>\nint main(void) {{\n    unsigned char pixels[{PIXELS}];\n    \
             while (fread(pixels, 1, {PIXELS}, stdin) == {PIXELS}) printf(\"%d\\n\", umwelt_answer(pixels));\n    \
             return 0;\n}}\n"
        );
        std::fs::write(&source, format!("{code}{main}")).unwrap();
        let compiler = Command::new("cc")
            .args(["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .args([&program, &source])
            .output()
            .unwrap();
        assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
        let input = folder.path().join("images");
        std::fs::write(&input, images.as_flattened()).unwrap();
        let output =
            Command::new(program).stdin(std::fs::File::open(input).unwrap()).output().unwrap().stdout;
        String::from_utf8(output).unwrap().lines().map(|line| line.parse().unwrap()).collect()
    }

    #[test]
    fn compiled_c_answers_as_the_tables_do() {
        let mut rng = Stream::new(2, "images").at(&[]);
        let images: Vec<Digit> = (0..100).map(|_| std::array::from_fn(|_| rng.below(256) as u8)).collect();
        for (encoding, sizes) in [
            (Encoding::Fixed, &[(60, 6), (40, 3)][..]),
            (Encoding::Grey, &[(50, 8)]),
            (Encoding::Threshold, &[(90, 2), (80, 2), (50, 2)]),
        ] {
            let settings = EncodingSettings { encoding, ..Default::default() };
            let encoder = Encoder::fit(settings, &[], PIXELS).unwrap();
            let finished = tables(sizes, encoder.bits());
            let expected = images.iter().map(|image| {
                let bits = encoder.encode(image);
                let outputs = finished.outputs(|at| bits.get(at));
                let sums = finished.sums(outputs.last().unwrap());
                (0..10).rev().max_by_key(|class| sums[*class]).unwrap()
            });
            let answers = compiled(&finished.c_code(&encoder, "a test"), &images);
            assert_eq!(answers, expected.collect::<Vec<_>>(), "{encoding:?}");
        }
    }
}
