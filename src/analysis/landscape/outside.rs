//! From what a runtime counts as allocated to the physical memory that the operating system gives it: each step a difference with a name.
//!
//! `total + (total then − total) + (blocks − total then) + (carriers − blocks) + (resident − carriers) = resident`, where allocators are
//! asked less often than the total and "then" is when. The steps may be negative: memory that is reserved and was never touched takes
//! no physical memory.

use super::Member;
use crate::model::entity::EntityId;

/// Which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// From the moment shown back to when allocators were asked.
    Since,
    /// Between the runtime's own count and the blocks of its allocators.
    Uncounted,
    /// Between blocks and the carriers that they lie in.
    Carriers,
    /// Between carriers and physical memory.
    Resident,
}

impl Step {
    /// Its name where only its change is told, whatever its direction.
    pub fn title(self) -> &'static str {
        match self {
            Step::Since => "since allocators were asked",
            Step::Uncounted => "blocks that the runtime does not count",
            Step::Carriers => "allocators: free in carriers",
            Step::Resident => "physical memory beyond carriers",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// Which.
    pub step: Step,
    /// Bytes; negative where there is less than was counted before.
    pub bytes: f64,
    /// Of which parts it consists, largest first; may be empty.
    pub members: Vec<Member>,
}

impl Outside {
    /// Its name for people.
    pub fn title(&self) -> &'static str {
        match (self.step, self.bytes < 0.0) {
            (Step::Since, false) => "freed since allocators were asked",
            (Step::Since, true) => "allocated since allocators were asked",
            (Step::Uncounted, false) => "blocks that the runtime does not count",
            (Step::Uncounted, true) => "counted by the runtime, in no allocator",
            (Step::Carriers, _) => "allocators: free in carriers",
            (Step::Resident, false) => "outside of the allocators",
            (Step::Resident, true) => "reserved, but not in physical memory",
        }
    }

    /// The word for it in JSON.
    pub fn word(&self) -> &'static str {
        match self.step {
            Step::Since => "before_allocators_were_asked",
            Step::Uncounted => "uncounted_blocks",
            Step::Carriers => "free_in_carriers",
            Step::Resident => "outside_of_allocators",
        }
    }

    /// What it is and how it was computed.
    pub fn definition(&self) -> &'static str {
        match (self.step, self.bytes < 0.0) {
            (Step::Since, _) => {
                "The runtime's total when allocators and physical memory were asked last, minus its total at the moment shown: they \
                 are asked every ten seconds only, to spare the node."
            }
            (Step::Uncounted, false) => {
                "Blocks of all allocators minus the runtime's total of the same moment: what erlang:memory() leaves out."
            }
            (Step::Uncounted, true) => {
                "The runtime's total minus the blocks of all allocators of the same moment: memory from elsewhere, such as loaded code."
            }
            (Step::Carriers, _) => {
                "Carriers minus the blocks in them, over all allocators: fragmentation and reserve, which no collection wins back."
            }
            (Step::Resident, false) => {
                "Physical memory of the runtime's process minus all carriers: the program itself, its libraries, stacks of threads."
            }
            (Step::Resident, true) => {
                "All carriers minus the physical memory of the runtime's process: reserved from the operating system, but never \
                 touched or swapped out."
            }
        }
    }
}

/// One allocator as it was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct AllocatorUse {
    /// It.
    pub entity: EntityId,
    /// Its name.
    pub name: String,
    /// What it holds from the operating system.
    pub carrier_bytes: f64,
    /// The share of that in use.
    pub utilization: f64,
}

/// The differences of a runtime that counts `total_bytes`, and counted `then_bytes` when allocators and physical memory were asked;
/// without these the steps that take them are left out.
pub fn outside(
    total_bytes: f64,
    then_bytes: f64,
    allocators: &[AllocatorUse],
    resident_bytes: Option<f64>,
) -> Vec<Outside> {
    let usable = |bytes: f64| bytes.is_finite() && bytes >= 0.0;
    let allocators: Vec<&AllocatorUse> =
        allocators.iter().filter(|it| usable(it.carrier_bytes) && usable(it.utilization)).collect();
    let resident_bytes = resident_bytes.filter(|bytes| usable(*bytes));
    let mut steps = Vec::new();
    if !allocators.is_empty() || resident_bytes.is_some() {
        steps.push(Outside { step: Step::Since, bytes: then_bytes - total_bytes, members: Vec::new() });
    }
    let mut reached = then_bytes;
    if !allocators.is_empty() {
        let carriers: f64 = allocators.iter().map(|it| it.carrier_bytes).sum();
        let blocks: f64 = allocators.iter().map(|it| it.carrier_bytes * it.utilization.min(1.0)).sum();
        steps.push(Outside { step: Step::Uncounted, bytes: blocks - then_bytes, members: Vec::new() });
        let free = |it: &&AllocatorUse| Member {
            entity: Some(it.entity),
            ..Member::new(it.name.clone(), it.carrier_bytes * (1.0 - it.utilization.min(1.0)))
        };
        let mut members: Vec<Member> = allocators.iter().map(free).filter(|member| member.bytes >= 1.0).collect();
        members.sort_by(|a, b| b.bytes.total_cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        steps.push(Outside { step: Step::Carriers, bytes: carriers - blocks, members });
        reached = carriers;
    }
    if let Some(resident) = resident_bytes {
        steps.push(Outside { step: Step::Resident, bytes: resident - reached, members: Vec::new() });
    }
    steps.retain(|step| step.bytes.abs() >= 1.0);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allocator(id: u32, carrier_bytes: f64, utilization: f64) -> AllocatorUse {
        AllocatorUse { entity: EntityId(id), name: format!("a{id}"), carrier_bytes, utilization }
    }

    #[test]
    fn the_steps_lead_from_the_runtimes_count_to_physical_memory() {
        let allocators = [allocator(1, 800.0, 0.75), allocator(2, 400.0, 0.5), allocator(3, f64::NAN, 0.5)];
        for resident in [1500.0, 900.0] {
            let steps = outside(750.0, 700.0, &allocators, Some(resident));
            assert_eq!(750.0 + steps.iter().map(|step| step.bytes).sum::<f64>(), resident);
        }
        let steps = outside(750.0, 700.0, &allocators, Some(900.0));
        let figures: Vec<(Step, f64)> = steps.iter().map(|step| (step.step, step.bytes)).collect();
        let expected =
            [(Step::Since, -50.0), (Step::Uncounted, 100.0), (Step::Carriers, 400.0), (Step::Resident, -300.0)];
        assert_eq!(figures, expected);
        assert_eq!(steps[2].members.iter().map(|member| member.bytes).sum::<f64>(), 400.0);
        assert!(steps[3].title().contains("not in physical memory"));
    }

    #[test]
    fn what_was_not_measured_is_left_out() {
        assert_eq!(outside(700.0, 650.0, &[], None), []);
        let only_resident = outside(700.0, 700.0, &[], Some(900.0));
        assert_eq!((only_resident.len(), only_resident[0].bytes), (1, 200.0));
        assert_eq!(outside(600.0, 600.0, &[allocator(1, 800.0, 0.75)], None).len(), 1, "no difference is no step");
    }
}
