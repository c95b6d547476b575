//! The fuzz targets on the stable compiler: every seed and every case ever found, and mutations of them that are the
//! same in every run. `fuzz/run` looks further.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use crate::targets::TARGETS;

/// Mutations of each seed.
const MUTATIONS: u64 = 100;

#[test]
fn no_target_breaks_on_a_seed_or_a_mutation_of_one() {
    let mut broken = Vec::new();
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "fuzz/seeds/{name} is empty");
        for (file, seed) in &seeds {
            let mut random = fastrand::Rng::with_seed(4);
            for round in 0..=MUTATIONS {
                let case = if round == 0 { seed.clone() } else { mutated(seed, &seeds, &mut random) };
                if catch_unwind(|| target(&case)).is_err() {
                    broken.push(format!("{name}/{file}, mutation {round}: {:?}", String::from_utf8_lossy(&case)));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.file_name().unwrap().display().to_string(), fs::read(&file).unwrap())).collect()
}

/// Changes, removes, repeats and moves in a few bytes, as a fuzzer does.
fn mutated(seed: &[u8], others: &[(String, Vec<u8>)], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut case = seed.to_vec();
    for _ in 0..random.usize(1..6) {
        let from = random.usize(0..=case.len());
        let to = random.usize(from..=case.len().min(from + 24));
        match random.u8(0..5) {
            0 if from < case.len() => case[from] = random.u8(..),
            1 => drop(case.drain(from..to)),
            2 => {
                let part = case[from..to].to_vec();
                let at = random.usize(0..=case.len());
                case.splice(at..at, part);
            }
            3 => {
                let other = &others[random.usize(0..others.len())].1;
                let start = random.usize(0..=other.len());
                let end = random.usize(start..=other.len().min(start + 24));
                case.splice(from..to, other[start..end].iter().copied());
            }
            _ => {
                let digits = b"0123456789-+.eE\"\\{}[]<>&;:,\n \x1b\xc2\x9b";
                case.insert(from, digits[random.usize(0..digits.len())]);
            }
        }
    }
    case
}
