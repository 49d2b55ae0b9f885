//! The seed document: what is wrong with it, and what is not.

use vivarium::analysis::consistency::{Severity, check};

use crate::{SEED, concerns, document, told};

/// What is wrong with the seed document: rule, severity, and statements that are concerned. One finding for each.
const WRONG: &[(&str, &str, &str)] = &[
    // Memory
    ("forecast_versus_slope", "contradiction", "M-PerfEngineer.02 M-PredictiveAnalysis.01 M-PredictiveAnalysis.02"),
    ("frequency_versus_period", "contradiction", "M-PerfEngineer.03 M-PressurePoints.03 M-PressurePoints.05"),
    ("threshold_versus_target", "contradiction", "M-PerfEngineer.08 M-PressurePoints.03"),
    (
        "threshold_versus_state",
        "contradiction",
        "M-PressurePoints.02 M-PressurePoints.04 M-PerfEngineer.02 M-PerfEngineer.06 M-PressurePoints.05",
    ),
    ("same_quantity", "contradiction", "M-PressurePoints.05 M-LiveMetrics.04"),
    ("flow_versus_cycle", "contradiction", "M-GarbageCollector.04 M-GarbageCollector.07 M-DeallocationFlow.02"),
    ("inflow_versus_outflow", "contradiction", "M-GarbageCollector.07 M-LiveMetrics.03 M-AllocationFlow.02"),
    (
        "inflow_versus_outflow",
        "contradiction",
        "M-LiveMetrics.03 M-LiveMetrics.05 M-DeallocationFlow.02 M-PredictiveAnalysis.01",
    ),
    ("threshold_versus_state", "contradiction", "M-MemoryDecisions.03 M-LiveMetrics.03 M-DeallocationFlow.02"),
    ("product", "contradiction", "M-AgentPool.06 M-LiveMetrics.03 M-AllocationFlow.02"),
    (
        "parts_versus_whole",
        "ambiguous",
        "M-AllocationFlow.02 M-AllocationFlow.05 M-AllocationFlow.06 M-AllocationFlow.07",
    ),
    ("parts_versus_whole", "contradiction", "M-PerfEngineer.02 M-AgentPool.04 M-ETSTables.03 M-CoordinationMemory.03"),
    ("counted_twice", "ambiguous", "M-MessageQueues.03 M-ProcessState.03 M-AgentPool.04"),
    ("same_quantity", "contradiction", "M-MessageQueues.03 M-MessageQueues.04"),
    ("ratio", "ambiguous", "M-MessageQueues.04 M-MessageQueues.05"),
    ("ratio", "contradiction", "M-AgentPool.07 M-PerfEngineer.06"),
    ("percentage_base", "contradiction", "M-QuickWins.02 M-QuickWins.04 M-ETSTables.03"),
    ("percentage_base", "contradiction", "M-QuickWins.05 M-ETSTables.03 M-PerfEngineer.02"),
    ("sum_of_effects", "ambiguous", "M-QuickWins.05 M-QuickWins.03"),
    ("sum_of_effects", "ambiguous", "M-QuickWins.02 M-MessageQueues.03"),
    ("target_versus_effect", "contradiction", "M-QuickWins.03 M-PerfEngineer.09 M-PerfEngineer.04"),
    ("relative_effect", "contradiction", "M-MemoryPooling.03 M-MemoryPooling.04"),
    ("resource_bound", "bound", "M-MemoryPooling.02 M-AgentPool.03"),
    ("mixture", "ambiguous", "M-MemoryPooling.05 M-MemoryPooling.06"),
    ("sum_of_effects", "contradiction", "M-MediumTerm.05 M-MediumTerm.01"),
    ("percentage_base", "contradiction", "M-MediumTerm.02 M-MediumTerm.04 M-MediumTerm.05"),
    ("target_versus_effect", "contradiction", "M-LongTerm.05 M-PerfEngineer.10 M-AgentPool.07"),
    ("mechanism", "contradiction", "M-LongTerm.04"),
    ("mechanism", "contradiction", "M-PerfEngineer.04 M-GarbageCollector.05"),
    ("percentage_base", "ambiguous", "M-OptimizationResults.02 M-ETSTables.03 M-PerfEngineer.02"),
    (
        "same_quantity",
        "contradiction",
        "M-OptimizationResults.01 M-OptimizationResults.02 M-MessageQueues.08 M-QuickWins.02",
    ),
    ("score_without_base", "bound", "M-OptimizationResults.05"),
    ("schedule", "contradiction", "M-PredictiveAnalysis.03 M-PredictiveAnalysis.06 M-MediumTerm"),
    ("threshold_versus_state", "contradiction", "M-LiveMetrics.06 M-MemoryDecisions.02 M-PerfEngineer.06"),
    ("threshold_versus_target", "ambiguous", "M-MemoryDecisions.01 M-PerfEngineer.09"),
    // CPU
    ("slope_versus_ends", "contradiction", "C-HotspotEvolution.03 C-HotspotEvolution.04"),
    ("forecast_versus_slope", "contradiction", "C-HotspotEvolution.05 C-HotspotEvolution.04"),
    ("schedule", "contradiction", "C-HotspotEvolution.09 C-HotspotEvolution.05"),
    ("resource_bound", "contradiction", "C-ProcessRegistryHotspot.03 C-ProcessRegistryHotspot.09"),
    (
        "resource_bound",
        "contradiction",
        "C-ProcessRegistryHotspot.03 C-CoordinationHotspot.03 C-ETSContentionHotspot.03 C-SystemOverhead.03 \
         C-CPUAnalyst.02",
    ),
    ("service_law", "contradiction", "C-ProcessRegistryHotspot.03 C-ProcessRegistryHotspot.08"),
    (
        "ratio",
        "ambiguous",
        "C-ProcessRegistryHotspot.05 C-ProcessRegistryHotspot.06 C-ProcessRegistryHotspot.07 C-ProcessRegistryHotspot.03",
    ),
    ("same_quantity", "ambiguous", "L-M01.03 C-LiveCPUMetrics.05 C-CoordinationHotspot.08"),
    (
        "speedup_bound",
        "bound",
        "C-ProcessPartitioner.04 C-ProcessPartitioner.07 C-ImmediateActions.01 C-ProcessRegistryHotspot.05",
    ),
    ("target_versus_effect", "contradiction", "C-ImmediateActions.05"),
    ("speedup_bound", "bound", "C-StrategicImprovements.05"),
    ("speedup_bound", "bound", "C-AdvancedOptimizations.05"),
    ("percentage_base", "ambiguous", "C-ImmediateActions.04 C-CoordinationHotspot.05 C-CoordinationHotspot.08"),
    (
        "mean_versus_members",
        "contradiction",
        "C-AgentUtilization.04 C-AgentUtilization.05 C-AgentUtilization.06 C-AgentUtilization.07 C-CPUAnalyst.04",
    ),
    ("threshold_versus_state", "contradiction", "C-AgentUtilization.05 C-CPUDecisions.01 C-CPUAlertSystem.01"),
    ("threshold_versus_state", "ambiguous", "C-CPUDecisions.02 C-CPUAnalyst.02"),
    ("score_without_base", "ambiguous", "C-LiveCPUMetrics.03 C-CPUAlertSystem.02"),
    ("profile_versus_mean", "contradiction", "C-CPULoadFlow.03 C-CPULoadFlow.04 C-CPULoadFlow.01 C-CPUAnalyst.02"),
    ("profile_versus_mean", "ambiguous", "C-CPULoadFlow.01 C-CPULoadFlow.05"),
    ("forecast_versus_slope", "contradiction", "C-PerformanceTrends.01 C-PerformanceTrends.02 C-CPUAnalyst.02"),
    ("relative_effect", "contradiction", "C-PerformanceTrends.03 C-OptimizationImpact.04"),
    ("score_without_base", "ambiguous", "C-PerformanceTrends.01 C-PerformanceTrends.04"),
    // The lifecycle
    ("queue_law", "contradiction", "L-M06.09 L-M01.04 L-M01.03"),
    ("relative_effect", "ambiguous", "L-M02.03 C-ProcessRegistryHotspot.08"),
    ("target_versus_effect", "contradiction", "L-M12.06 L-M08.07"),
    ("target_versus_effect", "ambiguous", "L-M13.02 L-M19.03 C-CPUAnalyst.08 C-CPUAnalyst.10"),
    ("relative_effect", "contradiction", "I-04 L-M12.02 L-M18.02"),
    ("same_quantity", "contradiction", "L-M22.02 L-M18.03"),
    ("sum_of_effects", "ambiguous", "L-M08.02 L-M08.07 L-M09.05 L-M07.06"),
    ("schedule", "ambiguous", "L-M09.02 L-M09.03 L-M09.04 I-02"),
    ("schedule", "contradiction", "L-H06 L-H07 L-M21.01"),
    ("score_without_base", "bound", "L-M21.06 L-M21.07 L-M11.06"),
    ("sum_of_effects", "bound", "L-M07.03 L-M06.06"),
    ("same_quantity", "ambiguous", "L-M06.02 L-M06.03 L-M06.04 C-ETSContentionHotspot.03"),
];

/// What holds in the seed document, and must raise no alarm.
const RIGHT: &[(&str, &str)] = &[
    ("product", "M-AgentPool.04 M-AgentPool.03 M-MemoryPooling.04"),
    ("parts_versus_whole", "M-ETSTables.03 M-ETSTables.04 M-ETSTables.05 M-ETSTables.06 M-ETSTables.07"),
    (
        "resource_bound",
        "C-ProcessRegistryHotspot.03 C-CoordinationHotspot.03 C-ETSContentionHotspot.03 C-SystemOverhead.03",
    ),
    ("relative_effect", "L-M12.02"),
    ("relative_effect", "L-M12.03"),
    ("relative_effect", "L-M12.04"),
    ("relative_effect", "L-M18.02"),
    ("relative_effect", "L-M18.03"),
    ("relative_effect", "L-M18.04"),
    (
        "parts_versus_whole",
        "M-DeallocationFlow.02 M-DeallocationFlow.04 M-DeallocationFlow.05 M-DeallocationFlow.06 M-DeallocationFlow.07",
    ),
];

#[test]
fn every_contradiction_of_the_seed_is_found_and_none_is_made_up() {
    let found = check(&document(SEED));
    assert_eq!(found.not_checked, Vec::<String>::new());
    let mut problems = Vec::new();
    let mut explained = vec![0; found.disagreements.len()];
    for (class, severity, items) in WRONG {
        let fits: Vec<usize> = (0..explained.len())
            .filter(|&index| {
                let one = &found.disagreements[index];
                one.severity.word() == *severity && concerns(one, class, items)
            })
            .collect();
        fits.iter().for_each(|&index| explained[index] += 1);
        if fits.len() != 1 {
            problems.push(format!("{} findings instead of one for {severity} {class} {items}", fits.len()));
        }
    }
    for (one, count) in found.disagreements.iter().zip(explained) {
        if count != 1 {
            problems.push(format!("{count} expectations instead of one for {}", told(one)));
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    let count = |severity| found.count(severity);
    assert_eq!(
        (WRONG.len(), count(Severity::Contradiction), count(Severity::Ambiguous), count(Severity::Bound)),
        (69, 42, 20, 7)
    );
}

#[test]
fn what_holds_within_rounding_raises_no_alarm() {
    let found = check(&document(SEED));
    for (class, items) in RIGHT {
        assert!(found.agreements.iter().any(|one| concerns(one, class, items)), "{class} {items} was not checked");
        let alarm = found
            .disagreements
            .iter()
            .find(|one| concerns(one, class, items) && one.about.len() == items.split_whitespace().count());
        assert!(alarm.is_none(), "{}", told(alarm.unwrap()));
    }
    assert!(found.agreements.iter().all(|one| one.severity == Severity::Rounding));
    assert_eq!(found.count(Severity::Rounding), 0, "what holds is not among what is shown");
}
