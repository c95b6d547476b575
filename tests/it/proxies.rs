//! Proxies: what goes through them, what does not, and what is said when they fail.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::harness::TOKEN;
use crate::server::{Answer, Server};
use crate::tls::{Authority, Secure, show};

/// A proxy: records the first line and headers of each connection, then tunnels to `to` if it is asked for a tunnel.
fn proxy(to: Option<SocketAddr>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let shared = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (client, shared) = (stream.unwrap(), Arc::clone(&shared));
            std::thread::spawn(move || serve_proxy(client, to, &shared));
        }
    });
    (url, heads)
}

fn serve_proxy(mut client: TcpStream, to: Option<SocketAddr>, heads: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
    let is_tunnel = head.starts_with("CONNECT ");
    heads.lock().unwrap().push(head);
    let Some(to) = to.filter(|_| is_tunnel) else {
        let body = r#"{"disk": {"id": "disk_x"}, "annotations": []}"#;
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let _ = client.write_all(answer.as_bytes());
        return;
    };
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let mut server = TcpStream::connect(to).unwrap();
    let (mut from_client, mut to_server) = (reader, server.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    let _ = std::io::copy(&mut server, &mut client);
}

#[test]
fn https_goes_through_the_proxy_in_a_tunnel_that_hides_the_token() {
    let authority = Authority::new();
    let server = Secure::start(authority.server("api.invalid", 2024, &["h2"]));
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let (url, heads) = proxy(Some(server.address));
        show("https://api.invalid", Some(&authority.pem()), "").env(name, &*url).run().ok();
        let heads = heads.lock().unwrap();
        assert_eq!(heads.len(), 1, "{name}");
        assert!(heads[0].starts_with("CONNECT api.invalid:443 "), "{name}: {}", heads[0]);
        assert!(!heads[0].contains(TOKEN) && !heads[0].to_lowercase().contains("\nauthorization:"), "{}", heads[0]);
    }
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn http_goes_through_its_own_proxy() {
    let (url, heads) = proxy(None);
    show("http://api.invalid/v1", None, "allow_http = true\n").env("HTTP_PROXY", &*url).run().ok();
    assert!(heads.lock().unwrap()[0].starts_with("GET http://api.invalid/v1/disks/disk?"));
    // The variable for one scheme says nothing of the other.
    show("https://api.invalid/v1", None, "")
        .env("HTTP_PROXY", &*url)
        .args(&["--retries", "0"])
        .run()
        .fails(7, "network");
    assert_eq!(heads.lock().unwrap().len(), 1);
}

#[test]
fn no_proxy_names_hosts_that_are_asked_directly() {
    let (url, heads) = proxy(None);
    for hosts in ["api.invalid", "example.com,.invalid", "*", "api.invalid:80"] {
        let run =
            show("http://api.invalid", None, "allow_http = true\n").env("HTTP_PROXY", &*url).env("NO_PROXY", hosts);
        run.args(&["--retries", "0"]).run().fails(7, "network");
    }
    assert!(heads.lock().unwrap().is_empty());
}

#[test]
fn an_exception_for_another_port_is_none() {
    let (url, heads) = proxy(None);
    show("http://api.invalid", None, "allow_http = true\n")
        .env("HTTP_PROXY", &*url)
        .env("NO_PROXY", "api.invalid:8080")
        .run()
        .ok();
    assert_eq!(heads.lock().unwrap().len(), 1);
}

/// A proxy that does not work is named, with its variable and without its password.
#[test]
fn trouble_with_a_proxy_names_it() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refusing = Server::always(Answer::empty(407));
    let refusing = refusing.url().trim_start_matches("http://").to_owned();
    for (address, api) in [
        (gone.to_string(), "https://api.invalid"),
        (gone.to_string(), "http://api.invalid"),
        (refusing, "https://api.invalid"),
    ] {
        let name = if api.starts_with("https") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
        let run = show(api, None, "allow_http = true\n")
            .env(name, format!("http://me:s3cret@{address}"))
            .args(&["--retries", "0"])
            .run()
            .fails(7, "network");
        let message = run.error()["message"].to_string();
        assert!(message.contains(&format!("http://{address}")) && message.contains(name), "{}", run.report());
        assert!(!run.stderr.contains("s3cret"), "{}", run.report());
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_and_nothing_is_sent() {
    let authority = Authority::new();
    let server = Secure::start(authority.server("localhost", 2024, &[]));
    for (value, code) in [
        ("socks5://127.0.0.1:1080", "not_offered"),
        ("socks5h://127.0.0.1:1080", "not_offered"),
        ("http://", "config"),
        ("http://127.0.0.1:http", "config"),
        ("gopher://127.0.0.1", "config"),
    ] {
        let run = show("https://api.invalid", Some(&authority.pem()), "").env("HTTPS_PROXY", value).run();
        let message = run.fails(2, code).error()["message"].to_string();
        assert!(message.contains("HTTPS_PROXY"), "{value}: {message}");
        // Where it is not used, it does not matter.
        show(&server.url("localhost"), Some(&authority.pem()), "").env("HTTPS_PROXY", value).run().ok();
    }
}

#[test]
fn this_machine_is_never_asked_through_a_proxy() {
    let (url, heads) = proxy(None);
    let server = Server::always(Answer::text_json(r#"{"disk": {"id": "disk_x"}, "annotations": []}"#));
    let here = show(&server.katapult_url(), None, "");
    here.env("HTTP_PROXY", &*url).env("HTTPS_PROXY", &*url).env("ALL_PROXY", &*url).run().ok();
    assert!(heads.lock().unwrap().is_empty());
    assert_eq!(server.count(), 1);
}

#[test]
fn a_proxy_that_refuses_the_tunnel_is_an_unreachable_server() {
    let refusing = Server::always(Answer::empty(407));
    let run = show("https://api.invalid", None, "").env("HTTPS_PROXY", refusing.url());
    let run = run.args(&["--retries", "0"]).run();
    assert_eq!(run.code, 7, "{}", run.report());
    let methods: Vec<String> = refusing.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["CONNECT"]);
}
