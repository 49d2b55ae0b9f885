//! What a dump delivers as a source, and what it says when parts are missing.

use super::*;
use crate::model::entity::{EntityId, EntityKind};
use crate::model::metric;
use crate::source::StopSignal;

fn batches(text: &str) -> Vec<crate::model::batch::Batch> {
    let dump = CrashDump::of_bytes(text.as_bytes().to_vec(), "d");
    let mut source = dump.into_source();
    std::iter::from_fn(|| source.next_batch(&StopSignal::default()).unwrap()).collect()
}

#[test]
fn everybody_appears_before_the_values_and_in_later_and_later_batches() {
    let many: String = (0..20_000).map(|id| format!("=proc:<0.{id}.0>\nMemory: {id}\n")).collect();
    let batches = batches(&format!("=erl_crash_dump:0.5\nTue Nov 24 12:32:19 2026\n{many}=end\n"));
    assert_eq!(batches.len(), 4);
    assert!(batches.windows(2).all(|pair| pair[0].at < pair[1].at));
    let appeared: usize = batches[..3].iter().map(|batch| batch.appeared.len()).sum();
    assert_eq!(appeared, 20_001, "with the node itself");
    assert!(batches[..3].iter().all(|batch| batch.samples.is_empty()));
    let census = batches[3].census.as_ref().unwrap();
    assert_eq!(census.rows.iter().filter(|row| row.metric == metric::MEMORY_USED).count(), 20_000);
    let with_facts = batches.iter().flat_map(|batch| &batch.appeared).filter(|it| it.attributes.contains_key("status"));
    assert_eq!(with_facts.count(), 200, "more is told of those who stand out only");
}

#[test]
fn a_process_that_is_listed_twice_has_one_value() {
    let batches = batches("=erl_crash_dump:0.5\n=proc:<0.1.0>\nReductions: 1\n=proc:<0.1.0>\nReductions: 2\n=end\n");
    let last = batches.last().unwrap();
    let values: Vec<f64> =
        last.samples.iter().filter(|it| it.metric == metric::BEAM_REDUCTIONS_DONE).map(|it| it.value).collect();
    assert_eq!(values, [1.0]);
}

#[test]
fn a_process_is_found_among_many_sections_of_its_number() {
    let heaps = "=proc_heap:<0.3.0>\n=proc_stack:<0.3.0>\n".repeat(40);
    let dump =
        CrashDump::of_bytes(format!("=erl_crash_dump:0.5\n{heaps}=proc:<0.3.0>\nReductions: 5\n").into_bytes(), "d");
    let pid = dump.processes()[0].pid;
    assert_eq!(dump.process(pid).unwrap().process.reductions, 5);
}

#[test]
fn only_those_who_ran_have_stacks_outermost_first() {
    let batches = batches(
        "=erl_crash_dump:0.5\n=proc:<0.1.0>\nState: Running\nProgram counter: 0x7f (a:inner/1 + 8)\n=proc:<0.2.0>\nState: Waiting\n\
         Program counter: 0x7f (b:wait/0 + 8)\n=proc_stack:<0.1.0>\n0x80:SReturn addr 0x81 (a:outer/0 + 4)\n\
         0x90:SReturn addr 0x91 (<terminate process normally>)\n=end\n",
    );
    let samples = &batches.last().unwrap().stack_samples;
    assert_eq!(samples.len(), 1);
    assert_eq!(samples[0].frames, ["a:outer/0", "a:inner/1"]);
}

#[test]
fn a_dump_without_processes_still_is_a_node() {
    let batches = batches("=erl_crash_dump:0.5\nSlogan: x\n=memory\ntotal: 77\n");
    let [only] = batches.as_slice() else { panic!("{batches:?}") };
    assert_eq!((only.appeared[0].kind, only.appeared[0].id), (EntityKind::Runtime, EntityId(0)));
    assert!(only.samples.iter().any(|sample| sample.metric == metric::MEMORY_USED && sample.value == 77.0));
    let lost = &only.appeared[0].attributes["lost"];
    assert!(lost.contains("in the section =memory") && lost.contains("processes, ETS tables"), "{lost}");
    assert!(only.notices.iter().any(|notice| notice.text.contains("cut off")));
}
