//! A server that only follows another one.

use satori_store::{Error, OpenOptions, Store, StreamPatch};

use crate::server::*;
use crate::support::*;

#[test]
fn a_standby_is_read_and_not_written() {
    let Some(_) = wanted() else { return };
    let server = Server::start(&[]);
    let s = uuid("s");
    let primary = Store::connect(&server.url()).unwrap();
    primary.insert(&s, &row(0, 0.0)).unwrap();
    let standby = server.standby();
    for options in [OpenOptions::new(), OpenOptions::new().read_only(true)] {
        let store = options.connect(&standby.url()).unwrap();
        until(|| store.contains(&s).unwrap());
        assert_eq!(seconds(&store, &s), [0]);
        store.data_version().unwrap();
        let patch = StreamPatch::new().name("n".to_owned());
        for error in [
            store.insert(&s, &row(1, 1.0)).unwrap_err(),
            store.insert(&s, &numbered(1)).unwrap_err(),
            store
                .insert_many(&s, &[numbered(1), numbered(2)])
                .unwrap_err(),
            store.upsert_stream(&s, &patch).map(drop).unwrap_err(),
        ] {
            assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
        }
        assert_eq!(seconds(&store, &s), [0]);
    }
    primary.insert(&s, &numbered(1)).unwrap();
    let store = Store::connect(&standby.url()).unwrap();
    until(|| seconds(&store, &s) == [0, 1]);
    // Of two hosts the one that can be written is chosen.
    let (one, other) = (Url::new(&standby.url()), Url::new(&server.url()));
    let both = Url {
        host: format!("{},{}", one.host, other.host),
        ..other
    };
    let store = Store::connect(&both.with("target_session_attrs=read-write").text()).unwrap();
    assert_works(&store);
}
