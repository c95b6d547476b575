//! `--jq`: what a jq expression makes of JSON.
//!
//! It knows no streams. An expression sees the result alone: no file, and not the environment, which may hold a token.

#[cfg(not(feature = "jq"))]
pub use absent::JqFilter;
#[cfg(feature = "jq")]
pub use present::JqFilter;

#[cfg(feature = "jq")]
mod present {
    use jaq_core::data::JustLut;
    use jaq_core::load::{self, Arena, File, Loader, lex, parse};
    use jaq_core::{Compiler, Ctx, Native, Vars, compile};
    use jaq_json::{Val, read};

    /// A function of the standard library that is left out: it gives the environment.
    const ENVIRONMENT: &str = "env";
    /// Formats of jq that the library has only together with those of other kinds of documents.
    const FORMATS: &str = r#"
        def @tsv: map(
            if . == null then "" elif isstring
            then reduce (["\\", "\\\\"], ["\t", "\\t"], ["\n", "\\n"], ["\r", "\\r"]) as [$a, $b] (.; split($a) | join($b))
            else tostring end) | join("\t");
        def @csv: map(
            if . == null then "" elif isstring then "\"\(split("\"") | join("\"\""))\"" else tostring end) | join(",");
    "#;

    type Data = JustLut<Val>;

    /// A compiled expression.
    pub struct JqFilter(compile::Filter<Native<Data>>);

    impl JqFilter {
        /// Compiles an expression.
        ///
        /// # Errors
        /// A part of a sentence: what is wrong with it, and where.
        pub fn parse(expression: &str) -> Result<Self, String> {
            let formats = load::parse(FORMATS, |parser| parser.defs()).unwrap_or_default();
            let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(formats);
            let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
            let arena = Arena::default();
            let modules = Loader::new(definitions)
                .load(&arena, File { path: (), code: expression })
                .map_err(|errors| first(errors.into_iter().map(|(_, error)| not_loaded(error))))?;
            Compiler::default()
                .with_funs(functions.filter(|(name, ..)| *name != ENVIRONMENT))
                .compile(modules)
                .map(Self)
                .map_err(|errors| first(errors.into_iter().map(|(_, names)| not_defined(&names))))
        }

        /// Hands over what the expression makes of each value of `json`, as long as more is wanted: text as it is,
        /// anything else as JSON on one line.
        ///
        /// # Errors
        /// A part of a sentence: why it makes nothing of a value. What it made before was handed over.
        pub fn apply(&self, json: &[u8], mut is_wanted: impl FnMut(String) -> bool) -> Result<(), String> {
            for value in read::parse_many(json) {
                let value = value.map_err(|_| "the result is not JSON".to_owned())?;
                let context = Ctx::<Data>::new(&self.0.lut, Vars::new([]));
                for made in self.0.id.run((context, value)) {
                    let line = match made.map_err(jaq_core::Exn::get_err) {
                        Ok(Val::TStr(text)) => String::from_utf8_lossy(&text).into_owned(),
                        Ok(value) => value.to_string(),
                        Err(Ok(error)) => return Err(without_middle(&error.to_string())),
                        Err(Err(end)) => match end.get_halt() {
                            Ok(0) => return Ok(()),
                            _ => return Err("the expression ended with an error".to_owned()),
                        },
                    };
                    if !is_wanted(line) {
                        return Ok(());
                    }
                }
            }
            Ok(())
        }
    }

    /// Shortens a sentence of the library that holds a whole value.
    fn without_middle(sentence: &str) -> String {
        const EACH_END: usize = 80;
        let characters: Vec<char> = sentence.chars().collect();
        if characters.len() <= 2 * EACH_END {
            return sentence.to_owned();
        }
        let (start, end) = (&characters[..EACH_END], &characters[characters.len() - EACH_END..]);
        format!("{} … {}", start.iter().collect::<String>(), end.iter().collect::<String>())
    }

    fn first(mut sentences: impl Iterator<Item = String>) -> String {
        sentences.next().unwrap_or_else(|| "it cannot be read".to_owned())
    }

    fn not_loaded(error: load::Error<&str>) -> String {
        let expected = |what: &str, found: &str| match found {
            "" => format!("expected {what} at its end"),
            found => format!("expected {what} at `{found}`"),
        };
        match error {
            load::Error::Lex(errors) => first(errors.iter().map(|(what, found)| match what {
                lex::Expect::Token => format!("unexpected `{found}`"),
                what => expected(described(what), found),
            })),
            load::Error::Parse(errors) => first(errors.iter().map(|(what, found)| match what {
                parse::Expect::Just(word) => expected(&format!("`{word}`"), found),
                parse::Expect::Nothing => format!("unexpected `{found}`"),
                what => expected(what.as_str(), found),
            })),
            load::Error::Io(errors) => first(errors.iter().map(|(name, _)| format!("modules are not read: {name}"))),
        }
    }

    /// The library panics at a delimiter that it does not know.
    fn described(what: &lex::Expect<&str>) -> &'static str {
        match what {
            lex::Expect::Delim(open) if !matches!(*open, "(" | "[" | "{" | "\"") => "an end",
            what => what.as_str(),
        }
    }

    fn not_defined(names: &[compile::Error<&str>]) -> String {
        first(names.iter().map(|(name, kind)| format!("there is no {} `{name}`", kind.as_str())))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn made(expression: &str, json: &str) -> Result<Vec<String>, String> {
            let mut lines = Vec::new();
            JqFilter::parse(expression)?.apply(json.as_bytes(), |line| {
                lines.push(line);
                true
            })?;
            Ok(lines)
        }

        #[test]
        fn numbers_keep_their_digits_and_fields_their_order() {
            let json = r#"[{"z": 12345678901234567890123, "a": 0.30000000000000000000001}]"#;
            assert_eq!(made(".[]", json).unwrap(), [r#"{"z":12345678901234567890123,"a":0.30000000000000000000001}"#]);
        }

        #[test]
        fn rows_of_tsv_and_csv_are_those_of_jq() {
            let row = r#"["a\tb\\c", null, 1.50, "\"q\"\n", true, ""]"#;
            assert_eq!(made("@tsv", row).unwrap(), ["a\\tb\\\\c\t\t1.50\t\"q\"\\n\ttrue\t"]);
            assert_eq!(made("@csv", row).unwrap(), ["\"a\tb\\c\",,1.50,\"\"\"q\"\"\n\",true,\"\""]);
            assert_eq!(made("@tsv \"x: \\(.)\"", "[1, 2]").unwrap(), ["x: 1\t2"]);
        }

        #[test]
        fn each_value_of_a_stream_is_filtered() {
            assert_eq!(made(".id", "{\"id\":\"a\"}\n{\"id\":null}\n").unwrap(), ["a", "null"]);
        }

        #[test]
        fn what_is_wrong_with_an_expression_is_said() {
            for (expression, words) in [
                (".[", "closing bracket"),
                ("if", "term"),
                ("nosuch", "no filter `nosuch`"),
                ("$ENV", "no variable `$ENV`"),
                ("env", "no filter `env`"),
                ("import \"x\" as x; .", "modules"),
                (". )", "unexpected"),
                ("\"\\q\"", "escape"),
                ("", "term"),
            ] {
                let why = JqFilter::parse(expression).err().unwrap_or_default();
                assert!(why.contains(words), "{expression}: {why}");
            }
        }

        #[test]
        fn what_it_cannot_be_applied_to_is_said() {
            assert!(made(".[0].x.y", r#"[{"x": 1}]"#).unwrap_err().contains("index"));
            assert!(made("halt_error(3)", "1").unwrap_err().contains("ended with an error"));
            let long = format!("[{}1]", "1,".repeat(10_000));
            let why = made(".x", &long).unwrap_err();
            assert!(why.starts_with("cannot index [1,1") && why.ends_with("with \"x\"") && why.len() < 200, "{why}");
            assert_eq!(made(".", "no JSON").unwrap_err(), "the result is not JSON");
            assert_eq!(made(".[] | if . > 1 then halt else . end", "[1, 2, 3]").unwrap(), ["1"]);
        }
    }
}

#[cfg(not(feature = "jq"))]
mod absent {
    const ABSENT: &str = "this program was built without jq";

    /// Without the feature there is none.
    pub struct JqFilter;

    impl JqFilter {
        /// # Errors
        /// Always.
        pub fn parse(_: &str) -> Result<Self, String> {
            Err(ABSENT.to_owned())
        }

        /// # Errors
        /// Always.
        pub fn apply(&self, _: &[u8], _: impl FnMut(String) -> bool) -> Result<(), String> {
            Err(ABSENT.to_owned())
        }
    }
}
