//! `completions` and `man`.

use std::process::Command;

use crate::common::Folder;

#[test]
fn bash_completes_the_commands() {
    let folder = Folder::new();
    let ran = folder.run(&["completions", "bash"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    folder.write("completions", &ran.out);
    // What bash does when the user presses Tab.
    let script = "source ./completions; COMP_WORDS=(satori-store obs); COMP_CWORD=1; \
                  _satori__store satori-store obs satori-store; echo \"${COMPREPLY[@]}\"";
    let completed = Command::new("bash")
        .args(["-c", script])
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout), "observations\n");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(
            folder
                .run(&["completions", shell])
                .out
                .contains("observations")
        );
    }
    assert_eq!(folder.run(&["completions", "ksh"]).code, 2);
}

#[test]
fn each_command_has_a_page() {
    let folder = Folder::new();
    let ran = folder.run(&["man", "man/man1"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    let help = folder.run(&["--help"]).out;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    // A line that is indented further goes on with what a command does.
    let names = commands.lines().filter(|line| !line.starts_with("   "));
    let names: Vec<_> = names
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let page = folder.path(&format!("man/man1/satori-store-{name}.1"));
        let page = std::fs::read_to_string(page).unwrap();
        assert!(
            page.contains(".SH SYNOPSIS") && page.contains(".SH OPTIONS"),
            "{name}"
        );
    }
    let page = std::fs::read_to_string(folder.path("man/man1/satori-store.1")).unwrap();
    assert!(page.contains("Exit codes"));
    folder.write("file", "");
    assert_eq!(folder.run(&["man", "file"]).code, 8);
}
