//! Getting in, and each way not to.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use vivarium::source::beam::{BeamOptions, BeamSource, epmd};

use super::node::{COOKIE, Node, is_available};
use super::watch::Watch;

fn failure(name: &str, options: &BeamOptions) -> String {
    let error = BeamSource::open(name, options, Duration::from_secs(1)).err().expect("it can't be opened").to_string();
    assert!(!error.contains(COOKIE) && !error.contains("wrong-secret"), "{error}");
    error
}

#[test]
fn nodes_with_short_and_with_long_names_are_attached_to_and_listed() {
    if !is_available("erl") {
        return;
    }
    for name in ["short@localhost", "long@127.0.0.1"] {
        let node = Node::start(name);
        let mut watch = Watch::open(name, &node.options());
        watch.next();
        assert!(watch.named(name).is_some());
        let known = epmd::names().unwrap();
        assert!(known.iter().any(|entry| name.starts_with(&format!("{}@", entry.name)) && entry.port > 0), "{known:?}");
        // With the port at hand epmd is not needed.
        let port = known.iter().find(|entry| name.starts_with(&entry.name)).unwrap().port;
        let options = BeamOptions { port: Some(port), address: Some(String::from("127.0.0.1")), ..node.options() };
        Watch::open(name, &options).next();
    }
}

#[test]
fn each_failure_says_what_it_is_and_what_to_do() {
    if !is_available("erl") {
        return;
    }
    let node = Node::start("there@localhost");
    let options = node.options();

    let elsewhere = BeamOptions { address: Some(String::from("127.0.0.2")), ..options.clone() };
    let no_epmd = failure("there@localhost", &elsewhere);
    assert!(no_epmd.contains("no epmd at 127.0.0.2") && no_epmd.contains("--port"), "{no_epmd}");

    let no_node = failure("elsewhere@localhost", &options);
    assert!(no_node.contains("no node elsewhere@localhost") && no_node.contains("there@localhost"), "{no_node}");

    let file = node.cookie_file("wrong", "wrong-secret\n");
    let wrong = failure("there@localhost", &BeamOptions { cookie_file: Some(file.clone()), ..options.clone() });
    assert!(wrong.contains("another cookie") && wrong.contains(&*file.to_string_lossy()), "{wrong}");

    let misnamed = failure("there@127.0.0.1", &options);
    assert!(
        misnamed.contains("is called there@localhost") && misnamed.contains("`beam:there@localhost`"),
        "{misnamed}"
    );

    let missing = BeamOptions { cookie_file: Some("/nonexistent/cookie".into()), ..options.clone() };
    assert!(failure("there@localhost", &missing).contains("/nonexistent/cookie"));

    let unreachable = failure("there@localhost", &BeamOptions { port: Some(1), ..options });
    assert!(unreachable.contains("can't reach there@localhost") && unreachable.contains("--port"), "{unreachable}");
}

/// Something that answers the handshake with these bytes.
fn impostor(answer: &'static [u8], then_wait: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut greeting = [0; 64];
        let _read = stream.read(&mut greeting);
        let _written = stream.write_all(answer);
        std::thread::sleep(then_wait);
    });
    port
}

#[test]
fn peers_that_are_no_plain_node_are_told_apart() {
    if !is_available("erl") {
        return;
    }
    let node = Node::start("real@localhost");
    let cases: [(&[u8], u64, &str); 5] = [
        (&[21, 3, 3, 0, 2, 2, 40], 1, "over TLS only"),
        (&[], 0, "without a word"),
        (&[0, 3, b's', b'o', b'k'], 1, "OTP 25 or later"),
        (
            &[0, 12, b's', b'n', b'o', b't', b'_', b'a', b'l', b'l', b'o', b'w', b'e', b'd'],
            1,
            "lets only certain nodes in",
        ),
        (&[], 20, "did not answer within"),
    ];
    for (answer, seconds, expected) in cases {
        let port = impostor(answer, Duration::from_secs(seconds));
        let error = failure("real@localhost", &BeamOptions { port: Some(port), ..node.options() });
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn an_elixir_node_is_measured_like_any_other() {
    if !is_available("elixir") {
        return;
    }
    let mut node = Node::start_elixir("mixed@localhost");
    let mut watch = Watch::open("mixed@localhost", &node.options());
    watch.until("all processes", Duration::from_secs(10), |watch| watch.named("elixir_sup").is_some());
    let supervisor = watch.named("elixir_sup").unwrap();
    assert_eq!(supervisor.component, Some("app:elixir".into()));
    assert_eq!(supervisor.attributes["application"], "elixir");
    assert_eq!(node.number("length(nodes())"), 0.0, "we are hidden");
}
