//! Settings as the text that a human puts into code, start flags or the environment. The program itself changes nothing.
//!
//! Only knobs for which such a text exists have one: what a pool or a queue is called differs from system to system.

use super::knob::KnobValue;
use super::scenario::{Place, Setting};

/// One way to make a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeAsCode {
    /// `erlang`, `elixir`, `vm.args`, `jvm` or `env`.
    pub language: &'static str,
    /// The text, one or several lines.
    pub text: String,
}

/// Minor collections until a major one that nobody waits for: the default, written out.
const NEVER: &str = "65535";

/// The settings of each place, as code. Flags of the VM hold for every process of the node, and are told only of settings for all.
pub fn change_as_code(settings: &[Setting]) -> Vec<ChangeAsCode> {
    let mut places: Vec<&Place> = Vec::new();
    for setting in settings {
        if !places.contains(&&setting.place) {
            places.push(&setting.place);
        }
    }
    let mut found = Vec::new();
    for place in &places {
        let here: Vec<&Setting> = settings.iter().filter(|setting| setting.place == **place).collect();
        let about = match place {
            Place::All => None,
            Place::Component(id) if places.len() > 1 => Some(id.as_str()),
            Place::Component(_) => None,
        };
        beam(&here, about, **place == Place::All, &mut found);
        others(&here, &mut found);
    }
    found
}

/// One option of a process.
struct ProcessOption {
    name: &'static str,
    erlang: String,
    elixir: String,
    /// The flag of the VM that gives it to every process.
    vm: Option<String>,
}

fn process_option(setting: &Setting) -> Option<ProcessOption> {
    let same = |name, value: String, vm: Option<String>| {
        Some(ProcessOption { name, erlang: value.clone(), elixir: value, vm })
    };
    match (setting.knob.path, setting.value) {
        ("gc.fullsweep_after", KnobValue::Number(count)) => {
            same("fullsweep_after", format!("{count}"), Some(format!("-env ERL_FULLSWEEP_AFTER {count}")))
        }
        ("gc.min_heap_words", KnobValue::Number(words)) => {
            same("min_heap_size", format!("{words}"), Some(format!("+hms {words}")))
        }
        ("gc.min_bin_vheap_words", KnobValue::Number(words)) => {
            same("min_bin_vheap_size", format!("{words}"), Some(format!("+hmbs {words}")))
        }
        ("gc.max_heap_words", KnobValue::Number(words)) => Some(ProcessOption {
            name: "max_heap_size",
            erlang: format!("#{{size => {words}, kill => true, error_logger => true}}"),
            elixir: format!("%{{size: {words}, kill: true, error_logger: true}}"),
            vm: Some(format!("+hmax {words}")),
        }),
        ("gc.max_heap_words", KnobValue::Unlimited) => {
            same("max_heap_size", "0".to_owned(), Some("+hmax 0".to_owned()))
        }
        ("gc.message_queue_data", KnobValue::Word(word)) => Some(ProcessOption {
            name: "message_queue_data",
            erlang: word.to_owned(),
            elixir: format!(":{word}"),
            vm: Some(format!("+hmqd {word}")),
        }),
        _ => None,
    }
}

fn beam(settings: &[&Setting], about: Option<&str>, is_for_all: bool, found: &mut Vec<ChangeAsCode>) {
    let mut options: Vec<ProcessOption> = settings.iter().filter_map(|setting| process_option(setting)).collect();
    let has = |options: &[ProcessOption], name| options.iter().any(|option| option.name == name);
    // The VM takes the option, and then ignores it unless the sweep is given as well.
    let is_alone = has(&options, "min_bin_vheap_size") && !has(&options, "fullsweep_after");
    if is_alone {
        let (erlang, elixir) = (NEVER.to_owned(), NEVER.to_owned());
        options.push(ProcessOption { name: "fullsweep_after", erlang, elixir, vm: None });
    }
    let hibernates = settings.iter().any(|it| it.knob.path == "gc.hibernate" && it.value == KnobValue::Word("yes"));
    if options.is_empty() && !hibernates {
        return;
    }
    let join = |parts: Vec<String>| parts.join(", ");
    let mut erlang = Vec::new();
    let mut elixir = Vec::new();
    if !options.is_empty() {
        let pairs = options.iter().map(|option| format!("{{{}, {}}}", option.name, option.erlang));
        erlang.push(format!("{{spawn_opt, [{}]}}", join(pairs.collect())));
        let pairs = options.iter().map(|option| format!("{}: {}", option.name, option.elixir));
        elixir.push(format!("spawn_opt: [{}]", join(pairs.collect())));
    }
    if hibernates {
        erlang.push("{hibernate_after, 1000}".to_owned());
        elixir.push("hibernate_after: 1000".to_owned());
    }
    let mut text = about.map_or_else(String::new, |about| format!("% {about}\n"));
    text.push_str(&format!("gen_server:start_link(?MODULE, Args, [{}])", join(erlang)));
    for option in &options {
        text.push_str(&format!("\n% or, in the process itself: process_flag({}, {})", option.name, option.erlang));
    }
    found.push(ChangeAsCode { language: "erlang", text });
    let mut text = about.map_or_else(String::new, |about| format!("# {about}\n"));
    text.push_str(&format!("GenServer.start_link(__MODULE__, args, {})", join(elixir)));
    for option in &options {
        text.push_str(&format!("\n# or, in the process itself: Process.flag(:{}, {})", option.name, option.elixir));
    }
    found.push(ChangeAsCode { language: "elixir", text });
    let flags: Vec<String> = options.iter().filter_map(|option| option.vm.clone()).collect();
    if is_for_all && !flags.is_empty() {
        found.push(ChangeAsCode { language: "vm.args", text: flags.join("\n") });
    }
}

fn others(settings: &[&Setting], found: &mut Vec<ChangeAsCode>) {
    for setting in settings {
        match (setting.knob.path, setting.value) {
            ("heap.max_bytes", KnobValue::Number(bytes)) => {
                found.push(ChangeAsCode { language: "jvm", text: format!("-Xmx{}", jvm_size(bytes)) });
                found.push(ChangeAsCode { language: "env", text: format!("GOMEMLIMIT={bytes:.0}B") });
            }
            ("heap.gogc_percent", KnobValue::Number(percent)) => {
                found.push(ChangeAsCode { language: "env", text: format!("GOGC={percent}") });
            }
            ("partition.count", KnobValue::Number(count)) => {
                let text = format!("{{PartitionSupervisor, child_spec: Worker, name: Workers, partitions: {count}}}");
                found.push(ChangeAsCode { language: "elixir", text });
            }
            _ => {}
        }
    }
}

/// In the largest unit that it is a whole number of.
fn jvm_size(bytes: f64) -> String {
    let units = [(1024.0 * 1024.0 * 1024.0, "g"), (1024.0 * 1024.0, "m"), (1024.0, "k")];
    match units.into_iter().find(|(unit, _)| bytes % unit == 0.0) {
        Some((unit, letter)) => format!("{}{letter}", bytes / unit),
        None => format!("{}k", (bytes / 1024.0).round()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(settings: &[&str]) -> Vec<(&'static str, String)> {
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        change_as_code(&settings).into_iter().map(|code| (code.language, code.text)).collect()
    }

    #[test]
    fn options_of_one_component_are_given_together() {
        let code = code(&["agents.gc.fullsweep_after=20", "agents.gc.max_heap_words=1000", "agents.gc.hibernate=yes"]);
        assert_eq!(code.len(), 2, "flags of the VM would change every process: {code:?}");
        let first = code[0].1.lines().next().unwrap();
        assert_eq!(
            first,
            "gen_server:start_link(?MODULE, Args, [{spawn_opt, [{fullsweep_after, 20}, \
             {max_heap_size, #{size => 1000, kill => true, error_logger => true}}]}, {hibernate_after, 1000}])"
        );
        assert!(code[1].1.contains("spawn_opt: [fullsweep_after: 20, max_heap_size: %{size: 1000"), "{}", code[1].1);
        assert!(code[1].1.contains("Process.flag(:fullsweep_after, 20)"));
    }

    #[test]
    fn a_minimum_of_binaries_alone_would_be_ignored_and_brings_the_sweep_along() {
        let all = code(&["*.gc.min_bin_vheap_words=100000", "*.gc.min_heap_words=2000"]);
        assert!(all[0].1.contains("{min_bin_vheap_size, 100000}, {min_heap_size, 2000}, {fullsweep_after, 65535}"));
        assert_eq!(all[2], ("vm.args", "+hmbs 100000\n+hms 2000".to_owned()));
        let both = code(&["*.gc.min_bin_vheap_words=100000", "*.gc.fullsweep_after=5"]);
        assert!(!both[0].1.contains("65535"), "{both:?}");
        assert!(both[2].1.contains("-env ERL_FULLSWEEP_AFTER 5"));
    }

    #[test]
    fn limits_of_one_heap_are_flags_and_environment() {
        let all = code(&["heap.max_bytes=805306368"]);
        assert_eq!(all, [("jvm", "-Xmx768m".to_owned()), ("env", "GOMEMLIMIT=805306368B".to_owned())]);
        assert!(code(&["jobs.queue.limit=5"]).is_empty());
    }
}
