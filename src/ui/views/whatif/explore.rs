//! Many settings at once: which reach a goal, which no others beat, which knob matters, and what several do together.

use egui::{ComboBox, DragValue, Grid, Rect, RichText, Sense, Ui, vec2};

use super::answer::name;
use super::frontier::frontier_ui;
use crate::model::format::number_text;
use crate::model::unit::Unit;
use crate::state::State;
use crate::state::command::{Command, TryCommand};
use crate::state::question::Topic;
use crate::state::whatif::{About, Exploring, MAX_LEVERS};
use crate::ui::theme::Theme;
use crate::whatif::combine::Combined;
use crate::whatif::explore::{Explored, Found, goals_of};
use crate::whatif::goal::{Lever, Reached, Side, Sought, Standing, Target};
use crate::whatif::knob::KnobValue;
use crate::whatif::outcome::{OUTCOMES, OutcomeInfo};
use crate::whatif::prediction::{Part, unit_of};
use crate::whatif::scenario::Setting;
use crate::whatif::sensitivity::Tornado;

const KINDS: [(About, &str, &str); 4] = [
    (
        About::Goal,
        "Reach a goal",
        "Looks for settings that meet targets, and says what stands in the way where none do",
    ),
    (
        About::Frontier,
        "Weigh costs",
        "Of all values in the range of some knobs those that no others beat in memory, pauses and waits",
    ),
    (About::Tornado, "What matters", "How far each knob, halved and doubled, moves one figure"),
    (
        About::Together,
        "Together",
        "What the settings of this scenario do together, which is not the sum of what each does",
    ),
];

/// Draws the choice of a question, what it takes, and its answer.
pub fn explore_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    let exploring = &state.trying.exploring;
    let mut changed = exploring.clone();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Many settings at once").strong().color(Theme::get(ui).accent));
        for (about, title, hover) in KINDS {
            let is_on = exploring.about == Some(about);
            if ui.selectable_label(is_on, title).on_hover_text(hover).clicked() {
                changed.about = (!is_on).then_some(about);
                if about == About::Goal && changed.targets.is_empty() {
                    changed.targets = first_targets(state);
                }
                if about == About::Tornado && changed.metric.is_none() {
                    changed.metric = metrics(state).first().map(|(info, _)| info.id.to_owned());
                }
            }
        }
    });
    match exploring.about {
        Some(About::Goal) => {
            targets_ui(state, &mut changed, ui);
            levers_ui(state, &mut changed, ui);
        }
        Some(About::Frontier) => levers_ui(state, &mut changed, ui),
        Some(About::Tornado) => metric_ui(state, &mut changed, ui),
        Some(About::Together) if state.settings().len() < 2 => {
            let text = "Change two knobs or more, and this shows what they do to each other.";
            ui.label(RichText::new(text).color(Theme::get(ui).text_weak));
        }
        _ => {}
    }
    if changed != *exploring {
        commands.push(TryCommand::Explore(changed).into());
    }
    if exploring.about.is_some() {
        found_ui(state, ui, commands);
    }
}

/// The outcomes that the last answer tells of, with their units; before one, those of collections.
fn metrics(state: &State) -> Vec<(&'static OutcomeInfo, Unit)> {
    let parts = state.answers.predicted.as_ref().map_or(&[][..], |predicted| predicted.parts.as_slice());
    let unit = |info: &&'static OutcomeInfo| {
        let outcomes = parts.iter().flat_map(|part| &part.outcomes);
        outcomes.into_iter().find(|outcome| outcome.metric == info.id).map(|outcome| (*info, outcome.unit))
    };
    let told: Vec<_> = OUTCOMES.iter().filter_map(|info| unit(&info)).collect();
    if !told.is_empty() {
        return told;
    }
    let heaps = [("memory.peak_bytes", Unit::BYTES), ("gc.count", Unit::COUNT), ("gc.interval_s", Unit::SECONDS)];
    heaps.into_iter().filter_map(|(id, unit)| Some((OutcomeInfo::find(id)?, unit))).collect()
}

/// The document's targets, or one to begin with.
fn first_targets(state: &State) -> Vec<Target> {
    let known = metrics(state);
    let mut targets = goals_of(&state.document);
    targets.retain(|target| known.iter().any(|(info, _)| info.id == target.metric));
    if targets.is_empty() {
        targets.extend(known.first().map(|(info, _)| target_of(state, info)));
    }
    targets
}

/// A target at what was recorded, on the good side.
fn target_of(state: &State, info: &OutcomeInfo) -> Target {
    let parts = state.answers.predicted.as_ref().map_or(&[][..], |predicted| predicted.parts.as_slice());
    let recorded = parts.iter().flat_map(|part| &part.outcomes).find(|outcome| outcome.metric == info.id);
    let unknown =
        if metrics(state).iter().any(|(it, unit)| it.id == info.id && *unit == Unit::BYTES) { 1e8 } else { 1.0 };
    let value = recorded.and_then(|outcome| outcome.baseline).unwrap_or(unknown);
    let side = if info.lower_is_better == Some(false) { Side::AtLeast } else { Side::AtMost };
    Target { metric: info.id.to_owned(), component: None, side, value }
}

fn targets_ui(state: &State, exploring: &mut Exploring, ui: &mut Ui) {
    let known = metrics(state);
    let mut removed = None;
    for (number, target) in exploring.targets.iter_mut().enumerate() {
        ui.push_id(number, |ui| {
            ui.horizontal(|ui| {
                let before = target.metric.clone();
                let label = ui.label(RichText::new("Target").small());
                let combo = ComboBox::from_id_salt("metric").selected_text(name(&before)).width(170.0);
                let shown = combo.show_ui(ui, |ui| {
                    for (info, _) in &known {
                        if ui.selectable_label(info.id == before, info.title).clicked() {
                            *target = target_of(state, info);
                        }
                    }
                });
                shown.response.labelled_by(label.id);
                let side = if target.side == Side::AtMost { "at most" } else { "at least" };
                if ui.button(side).on_hover_text("The other way round").clicked() {
                    target.side = if target.side == Side::AtMost { Side::AtLeast } else { Side::AtMost };
                }
                let unit =
                    known.iter().find(|(info, _)| info.id == target.metric).map_or(Unit::COUNT, |(_, unit)| *unit);
                // Nobody thinks in bytes.
                let (factor, symbol) =
                    if unit == Unit::BYTES { (1e6, String::from("MB")) } else { (1.0, unit.to_string()) };
                let mut shown = target.value / factor;
                let speed = (shown.abs() * 0.01).max(0.001);
                let field = ui.add(DragValue::new(&mut shown).speed(speed).max_decimals(3));
                field.widget_info(|| egui::WidgetInfo::slider(true, shown, name(&target.metric)));
                if field.changed() {
                    target.value = shown * factor;
                }
                if unit != Unit::COUNT {
                    ui.label(RichText::new(symbol).small().color(Theme::get(ui).text_weak));
                }
                // Without a target there is no goal.
                if number > 0 && ui.small_button("Remove").clicked() {
                    removed = Some(number);
                }
            });
        });
    }
    if let Some(number) = removed {
        exploring.targets.remove(number);
    }
    ui.horizontal(|ui| {
        if ui.small_button("Add a target").clicked() {
            let free = known.iter().find(|(info, _)| exploring.targets.iter().all(|target| target.metric != info.id));
            exploring.targets.extend(free.map(|(info, _)| target_of(state, info)));
        }
        let of_document = goals_of(&state.document);
        if !of_document.is_empty() && ui.small_button("Take the document's targets").clicked() {
            exploring.targets = of_document;
        }
    });
}

fn levers_ui(state: &State, exploring: &mut Exploring, ui: &mut Ui) {
    let place = state.place();
    let present = state.levers();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("by moving").small());
        for one in state.answerable() {
            let path = path_of(&Lever::of(place.clone(), one.knob));
            let is_on = present.iter().any(|lever| lever.knob == one.knob);
            if ui.selectable_label(is_on, one.knob.title).on_hover_text(one.knob.about).clicked() {
                let mut paths: Vec<String> = present.iter().map(path_of).filter(|known| *known != path).collect();
                if !is_on {
                    paths.push(path);
                    let surplus = paths.len().saturating_sub(MAX_LEVERS);
                    paths.drain(..surplus);
                }
                exploring.levers = paths;
            }
        }
    });
}

fn path_of(lever: &Lever) -> String {
    Setting { place: lever.place.clone(), knob: lever.knob, value: KnobValue::Unlimited }.path()
}

fn metric_ui(state: &State, exploring: &mut Exploring, ui: &mut Ui) {
    let present = exploring.metric.clone().unwrap_or_default();
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("What moves").small());
        let combo = ComboBox::from_id_salt("moved metric").selected_text(name(&present)).width(190.0);
        let shown = combo.show_ui(ui, |ui| {
            for (info, _) in metrics(state) {
                if ui.selectable_label(info.id == present, info.title).clicked() {
                    exploring.metric = Some(info.id.to_owned());
                }
            }
        });
        shown.response.labelled_by(label.id);
    });
}

fn found_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    let exploration = state.exploration();
    if let Some(why) = state.answers.failed.get(&Topic::Explored) {
        ui.label(why);
        return;
    }
    if exploration.is_some() && state.answers.is_pending(Topic::Explored) {
        ui.label(RichText::new("Trying many settings …").small().color(weak));
    }
    let Some(answer) = state.answers.explored.as_ref().filter(|_| exploration.is_some()) else { return };
    let is_of_kind = exploration
        .as_ref()
        .is_some_and(|now| std::mem::discriminant(now) == std::mem::discriminant(&answer.exploration));
    if !is_of_kind {
        return;
    }
    let is_present = exploration.as_ref() == Some(&answer.exploration) && answer.settings == state.settings();
    ui.scope(|ui| {
        if !is_present {
            ui.multiply_opacity(0.6);
        }
        let Explored { found, left_out } = answer.explored.as_ref();
        match found {
            Found::Goal(None) | Found::Frontier(None) | Found::Tornado(None) => {
                let text = "No value of these knobs has an answer about it. The sliders say why; where nothing is changed yet, move one.";
                ui.label(RichText::new(text).color(weak));
            }
            Found::Goal(Some((sought, parts))) => goal_ui(sought, parts, ui, commands),
            Found::Frontier(Some(tradeoff)) => frontier_ui(state, tradeoff, ui, commands),
            Found::Tornado(Some((tornado, unit))) => tornado_ui(tornado, *unit, ui),
            Found::Together(combined) => together_ui(state, &answer.settings, combined, ui),
        }
        if !left_out.is_empty() {
            let names: Vec<&str> = left_out.iter().map(|id| state.component_title(id)).collect();
            let text = format!("Left out, as most points have no answer about them: {}", names.join(", "));
            ui.add(egui::Label::new(RichText::new(text).small().color(weak)).wrap());
        }
    });
}

fn goal_ui(sought: &Sought, parts: &[Part], ui: &mut Ui, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    let (text, colour) = match sought.reached {
        Reached::Robustly => ("Reached, also at the worse end of every band", theme.healthy.stroke),
        Reached::Probably => ("Probably reached, but not at the worse end of every band", theme.warning.stroke),
        Reached::Missed => ("Not reached; this is as near as it gets", theme.critical.stroke),
    };
    ui.label(RichText::new(text).strong().color(colour));
    let unit = |metric: &str| unit_of(parts, metric);
    for (number, standing) in sought.standings.iter().enumerate() {
        let Standing { target, predicted, miss, relaxed } = standing;
        let text = |value: f64| number_text(value, unit(&target.metric));
        let side = if target.side == Side::AtMost { "at most" } else { "at least" };
        let mut line = format!(
            "{} {side} {}: {} ({} to {})",
            name(&target.metric),
            text(target.value),
            text(predicted.value),
            text(predicted.low),
            text(predicted.high)
        );
        if sought.obstacle == Some(number) {
            line.push_str("; it stands in the way");
        }
        if let Some(relaxed) = relaxed.filter(|_| *miss > 0.0) {
            line.push_str(&format!("; {side} {} could be had", text(relaxed)));
        }
        ui.add(egui::Label::new(line).wrap());
    }
    ui.horizontal_wrapped(|ui| {
        let settings: Vec<String> =
            sought.settings.iter().map(|setting| format!("{} = {}", setting.path(), setting.value)).collect();
        ui.label(RichText::new(settings.join(", ")).strong());
        if ui.button("Use these settings").clicked() {
            commands.push(take(&sought.settings));
        }
    });
    if let Some((low, high)) = sought.feasible {
        ui.label(RichText::new(format!("Everything is met from {low} to {high}.")).small());
    }
    let (points, without) = sought.points;
    let text = format!("{points} points were tried; {without} of them have no answer.");
    ui.label(RichText::new(text).small().color(theme.text_weak));
}

/// Puts settings into the scenario.
pub fn take(settings: &[Setting]) -> Command {
    TryCommand::SetAll(settings.iter().map(|one| (one.path(), one.value.to_string())).collect()).into()
}

fn tornado_ui(tornado: &Tornado, unit: Unit, ui: &mut Ui) {
    const HEIGHT: f32 = 20.0;
    let theme = Theme::get(ui);
    let ends = tornado.bars.iter().flat_map(|bar| [bar.outcome.0, bar.outcome.1]).chain([tornado.middle]);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
    let span = if high > low { high - low } else { 1.0 };
    Grid::new("tornado").num_columns(3).spacing(vec2(12.0, 3.0)).show(ui, |ui| {
        for bar in &tornado.bars {
            ui.label(&bar.title);
            let (rect, response) = ui.allocate_exact_size(vec2(260.0, HEIGHT), Sense::hover());
            let x = |value: f64| rect.left() + ((value - low) / span) as f32 * rect.width();
            let (from, to) = (bar.outcome.0.min(bar.outcome.1), bar.outcome.0.max(bar.outcome.1));
            let painter = ui.painter();
            let shape = Rect::from_x_y_ranges(x(from)..=x(to).max(x(from) + 2.0), rect.shrink(3.0).y_range());
            painter.rect_filled(shape, 2.0, theme.optimization.stroke.gamma_multiply(0.55));
            painter.vline(x(tornado.middle), rect.y_range(), (1.5, theme.text));
            let text = |value: f64| number_text(value, unit);
            response.on_hover_text(format!("as it is set: {}", text(tornado.middle)));
            ui.label(
                RichText::new(format!(
                    "{} at {}, {} at {}",
                    text(bar.outcome.0),
                    bar.moved.0,
                    text(bar.outcome.1),
                    bar.moved.1
                ))
                .small(),
            );
            ui.end_row();
        }
    });
    for title in &tornado.without_answer {
        ui.label(RichText::new(format!("{title}: no answer at one end")).small().color(theme.text_weak));
    }
}

fn together_ui(state: &State, settings: &[(String, String)], combined: &Combined, ui: &mut Ui) {
    let theme = Theme::get(ui);
    for conflict in &combined.conflicts {
        let text = format!("In each other's way: {}", conflict.reason);
        ui.add(egui::Label::new(RichText::new(text).color(theme.warning.stroke)).wrap());
    }
    let unit = |metric: &str| unit_of(&combined.parts, metric);
    let moved: Vec<_> = combined
        .joint
        .iter()
        .filter(|joint| joint.joint != 0.0 || joint.shares.iter().any(|it| it.alone != 0.0))
        .collect();
    if !moved.is_empty() {
        Grid::new("together").num_columns(3 + settings.len()).striped(true).spacing(vec2(14.0, 4.0)).show(ui, |ui| {
            for head in ["", "together", "added up"] {
                ui.label(RichText::new(head).small().color(theme.text_weak));
            }
            for (path, value) in settings {
                let hover = "Its change alone, and in brackets its part of what they do together (Shapley 1953)";
                ui.label(RichText::new(format!("{path} = {value}")).small().color(theme.text_weak))
                    .on_hover_text(hover);
            }
            ui.end_row();
            for joint in moved {
                let change = |value: f64| {
                    let text = number_text(value, unit(joint.metric));
                    if value > 0.0 { format!("+{text}") } else { text }
                };
                let whose = joint.component.as_ref().map(|id| format!(" of {}", state.component_title(id)));
                ui.label(format!("{}{}", name(joint.metric), whose.unwrap_or_default()));
                ui.label(RichText::new(change(joint.joint)).strong());
                let hover = "Effects do not add: this is what one would promise wrongly";
                ui.label(RichText::new(change(joint.sum_of_parts)).strikethrough().color(theme.text_weak))
                    .on_hover_text(hover);
                for share in &joint.shares {
                    ui.label(format!("{} ({})", change(share.alone), change(share.attributed)));
                }
                ui.end_row();
            }
        });
    }
    if let Some(why) = &combined.without_shares {
        ui.add(egui::Label::new(RichText::new(why).small().color(theme.text_weak)).wrap());
    }
}
