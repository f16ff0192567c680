//! What stands in for the suite's payload files: as long, of the same type, nearly as compressible.
//!
//! Out: octets that are the same on every machine. Every number below that looks arbitrary was
//! chosen so that a compressor makes as much of a stand-in as of the original, in short messages and
//! in long ones; `harness/tests/corpus.rs` holds them to it.

use super::File;
use super::rng::Rng;

/// The stand-in of `file`, as long as the original.
pub(super) fn make(file: File) -> Vec<u8> {
    let len = file.octet_len();
    let content = match file {
        File::Json => json(len),
        File::Bitmap => bitmap(),
        File::Prose => prose(len),
        File::Html => html(len),
        File::Pdf => pdf(len),
    };
    debug_assert_eq!(content.len(), len, "{}", file.name());
    content
}

/// Ids of imaginary cases, in order.
fn case_ids() -> impl Iterator<Item = (usize, usize, usize)> + Clone {
    (1..=13).flat_map(|group| {
        (1..=4 + group % 3).flat_map(move |subgroup| {
            (1..=2 + (group * subgroup) % 9).map(move |case| (group, subgroup, case))
        })
    })
}

/// A report index: for each agent an object of cases, each an object of five fields.
fn json(len: usize) -> Vec<u8> {
    const END: &str = "\n   }\n}";
    let mut rng = Rng::new(1);
    let mut text = String::from("{");
    'agents: for agent in 1.. {
        let name = ["Heron", "Lapwing", "Sandpiper"][agent % 3];
        text += &format!("{}\n   \"{name}/{agent}.0.{}\": {{", comma(agent > 1), agent * 7);
        for (n, (group, subgroup, case)) in case_ids().enumerate() {
            let duration = match rng.below(16) {
                0..6 => 2,
                6..9 => 4,
                9..12 => 3,
                12..14 => 1,
                14 => 5 + rng.below(20),
                _ => rng.below(1200),
            };
            let code = match (group, rng.below(24)) {
                (_, 0) => "1002",
                (_, 1) | (6, 2..12) => "1007",
                (1..6, _) => "null",
                _ => "1000",
            };
            let entry = format!(
                "{}\n      \"{group}.{subgroup}.{case}\": {{\n         \"behavior\": \"OK\",\n         \
                 \"behaviorClose\": \"OK\",\n         \"duration\": {duration},\n         \
                 \"remoteCloseCode\": {code},\n         \"reportfile\": \
                 \"{}_{agent}_0_{}_case_{group}_{subgroup}_{case}.json\"\n      }}",
                comma(n > 0),
                name.to_lowercase(),
                agent * 7,
            );
            if text.len() + entry.len() + END.len() > len {
                break 'agents;
            }
            text += &entry;
        }
        text += "\n   }";
    }
    text += END;
    padded(text, len)
}

fn comma(needed: bool) -> &'static str {
    if needed { "," } else { "" }
}

/// Blanks at the end, where they mean nothing.
fn padded(mut text: String, len: usize) -> Vec<u8> {
    while text.len() < len {
        text.push(' ');
    }
    text.into_bytes()
}

/// Two octets each; as many as the original has octets more than characters.
const LETTERS: &str = "äöüßàáâãåæçèéêëìíîïðñòóôõøù";

/// A report as a page: a table of results, then what each case is about.
fn html(len: usize) -> Vec<u8> {
    const END: &str = "   </body>\n</html>\n";
    const WORDS: [&str; 24] = [
        "message",
        "is sent",
        "octets",
        "in one frame",
        "with",
        "fragments",
        "and",
        "the peer",
        "answers",
        "text",
        "binary",
        "then",
        "a Ping",
        "between",
        "closes",
        "the connection",
        "normally",
        "at once",
        "payload",
        "of length",
        "empty",
        "reserved",
        "after",
        "second",
    ];
    let mut rng = Rng::new(4);
    let mut text = format!(
        "<!DOCTYPE html>\n<html>\n   <head>\n      <meta charset=\"utf-8\" />\n      \
         <title>{LETTERS}</title>\n   </head>\n   <body>\n      <table>\n"
    );
    for (group, subgroup, case) in case_ids().take(150) {
        text += &format!(
            "         <tr class=\"result_row\">\n            <td class=\"case\"><a \
             href=\"#case_{group}_{subgroup}_{case}\">Case {group}.{subgroup}.{case}</a></td>\n"
        );
        for agent in ["heron_1_0_7", "lapwing_2_0_14", "sandpiper_3_0_21"] {
            let code = rng.pick(&["None", "None", "1000", "1000", "1002", "1007"]);
            text += &format!(
                "            <td class=\"case_ok\"><a href=\"{agent}_case_{group}_{subgroup}_{case}\
                 .html#{:04x}\">Pass</a><br/><span class=\"case_duration\">{} ms</span></td><td \
                 class=\"close_ok\"><span class=\"close_code\">{code}</span></td>\n",
                rng.below(0x4000),
                rng.rank(7),
            );
        }
        text += "         </tr>\n";
    }
    text += "      </table>\n";
    for (group, subgroup, case) in case_ids().cycle() {
        let words: Vec<&str> = (0..11).map(|_| rng.pick(&WORDS)).collect();
        let entry = format!(
            "      <a name=\"case_{group}_{subgroup}_{case}\"></a>\n      <h2>Case \
             {group}.{subgroup}.{case}</h2>\n      <a class=\"up\" href=\"#top\">Up</a>\n      <p \
             class=\"text_block case_description\"><b>Description</b><br/><br/>Case: {}.</p>\n      \
             <p class=\"text_block case_expectation\"><b>Expectation</b><br/><br/>What was sent \
             comes back unchanged within {} seconds.</p>\n      <br/>\n",
            words.join(" "),
            10 * (1 + rng.below(4)),
        );
        if text.len() + entry.len() + END.len() > len {
            break;
        }
        text += &entry;
    }
    text += END;
    padded(text, len)
}

/// Verses of made-up words, which come as often as the words of a language do.
fn prose(len: usize) -> Vec<u8> {
    const LEVELS: u32 = 15;
    const ONSETS: [&str; 20] = [
        "", "b", "d", "f", "g", "h", "k", "l", "m", "n", "r", "s", "t", "w", "z", "sch", "st",
        "ver", "ge", "tr",
    ];
    const RHYMES: [&str; 24] = [
        "e", "en", "er", "ich", "ein", "a", "as", "u", "un", "ie", "ei", "and", "aus", "ü", "ö",
        "ä", "est", "icht", "ort", "eist", "uß", "all", "ang", "el",
    ];
    let mut rng = Rng::new(3);
    let words: Vec<String> = (0..(1 << LEVELS) - 1_usize)
        .map(|rank| {
            // The more common a word, the shorter.
            let syllables = 1 + (rank.checked_ilog2().unwrap_or(0) / 4) as usize;
            let syllables = syllables + rng.below(2);
            (0..syllables).map(|_| [rng.pick(&ONSETS), rng.pick(&RHYMES)].concat()).collect()
        })
        .collect();
    let mut text = String::from("\u{feff}");
    while text.len() < len {
        text += "  ";
        for n in 0..5 + rng.below(3) {
            let word = &words[rng.rank(LEVELS)];
            if n > 0 {
                text.push(' ');
            }
            if n == 0 || rng.one_in(4) {
                let first = word.chars().next().into_iter().flat_map(char::to_uppercase);
                text.extend(first.chain(word.chars().skip(1)));
            } else {
                text += word;
            }
        }
        text += rng.pick(&[",\r\n", ",\r\n", ".\r\n", ";\r\n", "\r\n", "!\r\n\r\n"]);
    }
    let mut octets = text.into_bytes();
    octets.truncate(len);
    octets
}

/// Windows bitmap, 512 × 512 pixels of 8 bits with a grey palette: slopes under noise, and here and
/// there a plain surface, where pixels repeat as they do in a picture of something.
fn bitmap() -> Vec<u8> {
    const SIDE: usize = 512;
    let mut octets = b"BM".to_vec();
    for number in [263_222_u32, 0, 1078, 40, 512, 512, 1 | 8 << 16, 0, 262_144, 0, 0, 256, 0] {
        octets.extend_from_slice(&number.to_le_bytes());
    }
    octets.extend((0..=255).flat_map(|grey| [grey, grey, grey, 0]));
    let mut rng = Rng::new(2);
    // Grey levels at the corners of squares of 64 pixels, and straight slopes between them.
    let corners: Vec<usize> = (0..9 * 9).map(|_| 16 + rng.below(168)).collect();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let corner = |dx: usize, dy: usize| corners[(y / 64 + dy) * 9 + x / 64 + dx];
            let across = |dy| corner(0, dy) * (64 - x % 64) + corner(1, dy) * (x % 64);
            let slope = (across(0) * (64 - y % 64) + across(1) * (y % 64)) / (64 * 64);
            let plain = (x / 64 + 3 * (y / 64)) % 16 == 5;
            let noise = if plain { rng.below(3) } else { rng.below(36) + rng.below(36) };
            octets.push(u8::try_from(slope + noise).unwrap_or(u8::MAX));
        }
    }
    octets
}

/// A document: pages whose streams are compressed, then fonts and tables, which are not.
fn pdf(len: usize) -> Vec<u8> {
    let mut rng = Rng::new(5);
    let mut octets = b"%PDF-1.2\n".to_vec();
    let mut object = 1;
    while octets.len() < 655_000 {
        let stream = 3500 + rng.below(2000);
        octets.extend_from_slice(
            format!(
                "{object} 0 obj\n<<\n/Type /Page\n/Parent 5 0 R\n/Resources {} 0 R\n/Contents {} 0 \
                 R\n>>\nendobj\n{} 0 obj\n<< /Length {stream} /Filter /FlateDecode >>\nstream\n",
                object + 1,
                object + 2,
                object + 2,
            )
            .as_bytes(),
        );
        octets.extend((0..stream).map(|_| rng.octet()));
        octets.extend_from_slice(b"\nendstream\nendobj\n");
        object += 3;
    }
    let mut offset = 0;
    while octets.len() < len {
        octets.extend_from_slice(
            format!("{object} 0 obj\n<< /Length 6000 /Subtype /Type1C >>\nstream\n").as_bytes(),
        );
        octets.extend((0..6000).map(|_| rng.octet() & rng.octet() & rng.octet()));
        octets.extend_from_slice(b"\nendstream\nendobj\nxref\n");
        for _ in 0..250 {
            offset += 10 + rng.below(400);
            octets.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
        object += 1;
    }
    octets.truncate(len - 6);
    octets.extend_from_slice(b"%%EOF\n");
    octets
}
