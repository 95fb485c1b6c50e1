//! A user without rights to the file or its folder.

use std::path::Path;

use crate::replaced::{WRITES, opened};
use crate::support::*;
use satori_store::{Error, OpenOptions, Store};

// Played in a process of its own, as it changes what the process may do.
pub(crate) const ROLES: &[Role] = &[("without rights", |path, _| without(path))];

/// `nobody` on most systems.
const NOBODY: u32 = 65_534;

/// Gives the rights of this process up, if it is root's.
#[allow(unsafe_code)] // setuid has no safe form
pub(crate) fn become_nobody() {
    // SAFETY: plain calls on this process.
    if unsafe { libc::geteuid() } == 0 {
        // SAFETY: as above.
        let dropped = unsafe { libc::setgid(NOBODY) == 0 && libc::setuid(NOBODY) == 0 };
        assert!(dropped, "root may become nobody");
    }
}

fn without(path: &Path) {
    become_nobody();
    say("ready");
    loop {
        let done = match hear().as_str() {
            "" => return,
            "open" => Store::open(path).map(drop),
            "read" => OpenOptions::new().read_only(true).open(path).map(|store| {
                assert_eq!(seconds(&store, &uuid("s")), [1]);
                for (_, write) in WRITES {
                    assert!(matches!(write(&store), Err(Error::ReadOnly { .. })));
                }
            }),
            "create" => Store::open(path.with_extension("new")).map(drop),
            other => panic!("{other}?"),
        };
        say(match done {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("{:?}: {error}", error.code()),
        });
    }
}

/// Makes a store and its folder with these permissions, and starts a player without
/// rights. The store is closed, so there is no WAL.
fn with_permissions(file: u32, folder: u32, check: impl FnOnce(&mut Player, &Path)) {
    use std::os::unix::fs::PermissionsExt;
    let (keep, path, store) = opened();
    drop(store);
    let permit = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    permit(&path, file);
    permit(keep.path(), folder);
    let mut player = Player::start("without rights", &path, "");
    assert_eq!(player.hear(), "ready");
    check(&mut player, &path);
    permit(keep.path(), 0o755);
    player.finish();
}

fn ask(player: &mut Player, question: &str) -> String {
    player.say(question);
    player.hear()
}

#[test]
fn a_file_without_permission_is_not_opened() {
    with_permissions(0o000, 0o777, |player, _| {
        assert!(ask(player, "open").starts_with("CannotOpen"));
        assert!(ask(player, "read").starts_with("CannotOpen"));
    });
}

#[test]
fn a_file_that_may_only_be_read_is_opened_for_reading_only() {
    with_permissions(0o444, 0o777, |player, path| {
        let before = std::fs::read(path).unwrap();
        assert!(ask(player, "open").starts_with("ReadOnly"));
        assert_eq!(ask(player, "read"), "ok");
        assert_eq!(std::fs::read(path).unwrap(), before);
    });
}

#[test]
fn in_a_folder_that_may_only_be_read_a_closed_store_is_read_and_stays_as_it_is() {
    for mode in [0o444, 0o666] {
        with_permissions(mode, 0o555, |player, path| {
            let before = std::fs::read(path).unwrap();
            for question in ["open", "read", "create"] {
                let answer = ask(player, question);
                println!("{mode:o} in a folder 555, {question}: {answer}");
                let refused = answer.starts_with("ReadOnly") || answer.starts_with("CannotOpen");
                match question {
                    "read" => assert_eq!(answer, "ok"),
                    "open" => {
                        let what = if mode == 0o444 {
                            "the file"
                        } else {
                            "its folder"
                        };
                        let expected = format!("no permission to write {what}");
                        assert!(
                            answer.starts_with("ReadOnly") && answer.contains(&expected),
                            "{answer}"
                        );
                    }
                    _ => assert!(refused, "{question}: {answer}"),
                }
            }
            assert_eq!(std::fs::read(path).unwrap(), before);
        });
    }
}

#[test]
fn in_such_a_folder_what_a_crash_left_is_not_left_out() {
    for left in ["-wal", "-journal"] {
        with_permissions(0o444, 0o555, |player, path| {
            use std::os::unix::fs::PermissionsExt;
            let permit = |mode| {
                let folder = path.parent().unwrap();
                std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
            };
            let mut beside = path.as_os_str().to_owned();
            beside.push(left);
            permit(0o755);
            std::fs::write(&beside, [0]).unwrap();
            permit(0o555);
            let answer = ask(player, "read");
            assert!(answer.starts_with("CannotOpen"), "{answer}");
            assert!(
                answer.contains(left) && answer.contains("writable folder"),
                "{answer}"
            );
            // An empty one holds nothing.
            permit(0o755);
            std::fs::write(&beside, []).unwrap();
            permit(0o555);
            assert_eq!(ask(player, "read"), "ok");
        });
    }
}

#[test]
fn while_another_has_it_open_a_file_in_such_a_folder_can_be_read() {
    with_permissions(0o444, 0o555, |player, path| {
        use std::os::unix::fs::PermissionsExt;
        let store = Store::open(path);
        let Ok(store) = store else {
            println!("not checked: this user has no rights either");
            return;
        };
        store.insert(&uuid("t"), &numbered(1)).unwrap();
        for file in ["db-wal", "db-shm"] {
            let file = path.with_extension(file);
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444)).unwrap();
        }
        assert_eq!(ask(player, "read"), "ok");
    });
}
