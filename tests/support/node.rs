//! Real nodes for tests: started with a port mapper of their own, told what to do line by line, ended however the test ends.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use vivarium::source::beam::BeamOptions;

pub const COOKIE: &str = "test-cookie";

/// Reads expressions, one a line, and prints their values; ends when the test does.
const LOOP: &str = r#"spawn(fun() -> F = fun F() -> case io:get_line("") of
    L when is_list(L); is_binary(L) -> {ok, T, _} = erl_scan:string(unicode:characters_to_list(L)), {ok, E} = erl_parse:parse_exprs(T),
        {value, V, _} = erl_eval:exprs(E, []), io:format("~0p~n", [V]), F();
    _ -> halt() end end, F() end)."#;

/// Tells of a process or function whether anybody traces it, in a session of OTP 27 too.
const IS_TRACED: &str = r#"fun(What) -> case erlang:system_info(otp_release) >= "27" of
    true -> trace:session_info(What) =/= [];
    false when is_pid(What) -> erlang:trace_info(What, flags) =/= {flags, []};
    false -> erlang:trace_info(What, traced) =/= {traced, false} end end"#;

/// The port mapper of this test program; it listens at 127.0.0.1 only and ends with the program.
pub fn epmd_port() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(|| {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Every test comes by here before it does anything else, and nobody changes the environment later.
        unsafe {
            std::env::set_var("ERL_EPMD_PORT", port.to_string());
            std::env::remove_var("VIVARIUM_COOKIE");
        }
        let script = format!(
            "epmd -address 127.0.0.1 -port {port} & mapper=$!; while kill -0 {} 2>/dev/null; do sleep 0.3; done; kill $mapper",
            std::process::id()
        );
        let mut shell = Command::new("sh");
        let mut mapper = shell.arg("-c").arg(script).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::spawn(move || mapper.wait());
        let deadline = Instant::now() + Duration::from_secs(10);
        while vivarium::source::beam::epmd::names().is_err() {
            assert!(Instant::now() < deadline, "epmd does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        port
    })
}

/// Whether a program is there; where it must be, its absence is a failure.
pub fn is_available(program: &str) -> bool {
    epmd_port_if(program).is_some()
}

fn epmd_port_if(program: &str) -> Option<u16> {
    let found = Command::new("sh")
        .arg("-c")
        .arg(format!("command -v {program}"))
        .output()
        .is_ok_and(|out| out.status.success());
    if !found {
        assert!(
            std::env::var_os("VIVARIUM_REQUIRE_REAL").is_none_or(|required| required != "1"),
            "{program} is not installed"
        );
        println!("skipped: {program} not found");
        return None;
    }
    Some(epmd_port())
}

/// A running node.
pub struct Node {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub full_name: String,
    home: tempfile::TempDir,
}

impl Node {
    /// `name` with a host; a dot in that makes a long name.
    pub fn start(full_name: &str) -> Self {
        let kind = if full_name.split_once('@').unwrap().1.contains('.') { "-name" } else { "-sname" };
        let mut command = Command::new("erl");
        command.args(["-noshell", kind, full_name, "-setcookie", COOKIE, "+P", "262144", "-eval", LOOP]);
        Self::run(command, full_name)
    }

    /// The same, by Elixir.
    pub fn start_elixir(full_name: &str) -> Self {
        let mut command = Command::new("elixir");
        // The expression goes by the environment, where it needs no quotes.
        command.env("TEST_LOOP", LOOP);
        let read = ":erl_eval.exprs(elem(:erl_parse.parse_exprs(elem(:erl_scan.string(:os.getenv(String.to_charlist(\"TEST_LOOP\"))), 1)), 1), [])";
        command.args(["--sname", full_name, "--cookie", COOKIE, "--no-halt", "-e", read]);
        Self::run(command, full_name)
    }

    fn run(mut command: Command, full_name: &str) -> Self {
        epmd_port();
        let home = tempfile::tempdir().unwrap();
        command.env("HOME", home.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut node = Self { child, input, output, full_name: full_name.to_owned(), home };
        assert_eq!(node.eval("node()").trim_matches('\''), full_name);
        node
    }

    /// The value of an expression, as the node writes it on one line.
    pub fn eval(&mut self, expression: &str) -> String {
        let line: String = expression.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        writeln!(self.input, "{line}.").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "the node ended on: {line}");
        answer.trim_end().to_owned()
    }

    pub fn number(&mut self, expression: &str) -> f64 {
        let answer = self.eval(expression);
        answer.parse().unwrap_or_else(|_| panic!("{expression} is {answer}"))
    }

    /// Whether tracers have sessions of their own, from OTP 27 on, so that they don't get into each other's way.
    pub fn has_trace_sessions(&mut self) -> bool {
        self.number("list_to_integer(erlang:system_info(otp_release))") >= 27.0
    }

    /// Whether anybody traces a process (`whereis(name)`) or a function (`{module, name, arity}`).
    pub fn is_traced(&mut self, what: &str) -> bool {
        self.eval(&format!("lists:any({IS_TRACED}, [{what}])")) == "true"
    }

    /// The processes that anybody traces.
    pub fn traced_processes(&mut self) -> f64 {
        self.number(&format!("length(lists:filter({IS_TRACED}, processes()))"))
    }

    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// A file with a cookie that only we can read.
    pub fn cookie_file(&self, name: &str, cookie: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.home.path().join(name);
        std::fs::write(&path, cookie).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub fn options(&self) -> BeamOptions {
        BeamOptions { cookie_file: Some(self.cookie_file("cookie", COOKIE)), ..BeamOptions::default() }
    }

    /// Processor time of all threads, in seconds.
    pub fn cpu_s(&self) -> f64 {
        let mut total_ns = 0.0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().flatten() {
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            total_ns += text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0);
        }
        total_ns / 1e9
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
