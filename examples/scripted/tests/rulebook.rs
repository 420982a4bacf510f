//! Errors in files of rules.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use scripted_bot::{FleetThen, Limit, Rulebook, Whose};

fn refused(text: &str) -> String {
    Rulebook::parse(Path::new("my.toml"), text).unwrap_err().to_string()
}

#[test]
fn errors_have_line_and_word() {
    for (text, told) in [
        ("", "my.toml:1: no rules"),
        ("[[fleet]\n", "my.toml:1: "),
        (
            "\n[[flet]]\nthen = \"hold\"",
            "my.toml:2: unknown field `flet`, expected `fleet` or `system`",
        ),
        ("[[fleet]]\nname = \"x\"", "my.toml:1: missing field `then`"),
        (
            "[[fleet]]\n\nthen = \"dance\"",
            "my.toml:3: unknown variant `dance`, expected one of `hold`, `take`, `go`",
        ),
        ("[[fleet]]\nthen = { take = { od = 1 } }", "my.toml:2: unknown field `od`"),
        (
            "[[fleet]]\nthen = { go = \"home\" }",
            "my.toml:2: unknown variant `home`, expected `front` or `menaced`",
        ),
        (
            "[[fleet]]\nwhen = { place = \"sea\" }\nthen = \"hold\"",
            "my.toml:2: unknown variant `sea`",
        ),
        (
            "[[fleet]]\nwhen = { strength_from = \"big\" }\nthen = \"hold\"",
            "my.toml:2: invalid type: string \"big\"",
        ),
        (
            "[[fleet]]\nwhen = { tick_from = -1 }\nthen = \"hold\"",
            "my.toml:2: -1 is not allowed; allowed: 0 to 10",
        ),
        (
            "[[system]]\nwhen = { stability_below = 1001 }\nthen = { focus = \"order\" }",
            "my.toml:2: 1001 is not allowed; allowed: 0 to 1000, in `when = { stability_below = 1001 }`",
        ),
        (
            "[[system]]\nthen = { focus = \"peace\" }",
            "my.toml:2: unknown variant `peace`, expected one of `balanced`",
        ),
        ("[[fleet]]\nthen = \"hold\"\nthen = \"hold\"", "my.toml:3: duplicate key"),
    ] {
        let said = refused(text);
        assert!(said.starts_with(told), "{text:?}: {said}");
    }
    assert!(
        refused(&"[[fleet]]\nthen = \"hold\"\n".repeat(201))
            .contains("at most 200 rules of a kind are allowed (got 201)")
    );
    assert!(refused(&"# ".repeat(40_000)).contains("at most 65536 bytes (got 80000)"));
}

#[test]
fn omitted_fields_have_defaults() {
    let rules = Rulebook::parse(Path::new("my.toml"), "[[fleet]]\nthen = { take = {} }").unwrap();
    let FleetThen::Take(take) = rules.fleet[0].then else { panic!("{rules:?}") };
    assert_eq!((take.whose, take.odds.0, take.within_ticks), (Whose::Anybodys, 600, Limit(10)));
    assert!(rules.system.is_empty());
}
