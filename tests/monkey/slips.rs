//! Slips of the finger, in lines and in files.

use simulators::chance::Chance;

/// A line with one word gone, doubled or cut, or two swapped.
pub fn slip(line: &str, chance: &mut Chance) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let last = i64::try_from(words.len()).unwrap() - 1;
    let mut at = || usize::try_from(chance.between(0, last)).unwrap();
    let (a, b, how) = (at(), at(), at() % 4);
    match how {
        0 => drop(words.remove(a)),
        1 => words.insert(b, words[a].clone()),
        2 => words.swap(a, b),
        _ => drop(words[a].pop()),
    }
    words.join(" ")
}

/// A text with a few of its lines gone, doubled, swapped, cut or indented otherwise.
pub fn mutated(text: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..chance.between(1, 3) {
        let last = i64::try_from(lines.len()).unwrap() - 1;
        let mut at = || usize::try_from(chance.between(0, last)).unwrap();
        let (a, b, how) = (at(), at(), at() % 6);
        match how {
            0 => drop(lines.remove(a)),
            1 => lines.insert(b, lines[a].clone()),
            2 => lines.swap(a, b),
            3 => lines[a].insert_str(0, "  "),
            4 => lines[a] = lines[a].trim_start().to_owned(),
            _ => drop(lines[a].pop()),
        }
    }
    lines.join("\n") + "\n"
}
