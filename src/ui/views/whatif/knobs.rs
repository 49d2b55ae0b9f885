//! The sliders: what can be set at one place, grouped by the model that answers, with what was recorded, the default and a reset;
//! what can't be answered says what is missing.

use egui::{DragValue, RichText, Slider, Ui};

use crate::model::format::number_text;
use crate::model::id::ComponentId;
use crate::model::unit::{BaseUnit, Unit};
use crate::state::State;
use crate::state::command::{Command, DocumentCommand, TryCommand};
use crate::ui::theme::Theme;
use crate::whatif::answer::{Answerable, Availability};
use crate::whatif::knob::{Knob, KnobValue, ModelId};
use crate::whatif::scenario::{Place, Setting};

const SLIDER_WIDTH: f32 = 165.0;

/// Draws them.
pub fn knobs_ui(state: &State, known: &[Availability], ui: &mut Ui, commands: &mut Vec<Command>) {
    let component = state.selected_component().filter(|_| !state.trying.everywhere);
    place_ui(state, component.as_ref(), ui, commands);
    let place = state.place();
    let mut models: Vec<ModelId> = known.iter().map(|one| one.knob.model).collect();
    models.sort_unstable();
    models.dedup();
    // What can be answered comes first.
    let can = |model: &ModelId| {
        known.iter().any(|one| one.knob.model == *model && one.fits(component.as_ref()) && one.is_answerable())
    };
    models.sort_by_key(|model| !can(model));
    for model in models {
        let of_model: Vec<&Availability> =
            known.iter().filter(|one| one.knob.model == model && one.fits(component.as_ref())).collect();
        ui.add_space(6.0);
        ui.label(RichText::new(title(model)).strong().color(Theme::get(ui).accent));
        if !can(&model) {
            let reason = of_model.iter().find_map(|one| one.missing()).unwrap_or("nothing was recorded for it here");
            ui.add(egui::Label::new(RichText::new(format!("No answer: {reason}")).small()).wrap());
            continue;
        }
        for one in by_knob(&of_model) {
            knob_ui(state, &place, &one, ui, commands);
        }
    }
    others_ui(state, &place, ui, commands);
}

/// One row a knob: what holds for all that it is about. Where one component can be answered the knob can, and what was recorded is
/// told if it was the same for all of these.
fn by_knob(all: &[&Availability]) -> Vec<Availability> {
    let mut rows: Vec<Availability> = Vec::new();
    for &one in all {
        match rows.iter_mut().find(|row| row.knob.path == one.knob.path) {
            None => rows.push(one.clone()),
            Some(row) if !row.is_answerable() => *row = one.clone(),
            Some(row) if one.is_answerable() && row.present != one.present => row.present = None,
            Some(_) => {}
        }
    }
    rows
}

fn title(model: ModelId) -> &'static str {
    match model {
        ModelId::BeamHeap => "Heaps of processes",
        ModelId::HeapLimit => "Heap limit",
        ModelId::Queue => "Workers and queue",
        ModelId::Pool => "Pool",
        ModelId::Partition => "Partitions",
        ModelId::Cache => "Cache",
        ModelId::Balance => "Balancer",
        ModelId::Retention => "Retention",
        ModelId::Redundancy => "Redundant table",
    }
}

fn place_ui(state: &State, component: Option<&ComponentId>, ui: &mut Ui, commands: &mut Vec<Command>) {
    let selected = state.selected_component();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Set at").small());
        if ui.selectable_label(component.is_none(), "all components").clicked() {
            commands.push(TryCommand::Everywhere(true).into());
        }
        if let Some(id) = &selected {
            let title = state.component_title(id);
            if ui.selectable_label(component.is_some(), title).clicked() {
                commands.push(TryCommand::Everywhere(false).into());
            }
        }
    });
    if selected.is_none() {
        let text = "Select a component, in the tree or on the map, to set it alone.";
        ui.label(RichText::new(text).small().color(Theme::get(ui).text_weak));
    }
}

fn knob_ui(state: &State, place: &Place, one: &Availability, ui: &mut Ui, commands: &mut Vec<Command>) {
    let knob = one.knob;
    let path = Setting { place: place.clone(), knob, value: KnobValue::Unlimited }.path();
    let set = state.scenario().and_then(|scenario| scenario.value(&path));
    let value = set.and_then(|text| knob.parse(text).ok());
    let shown = value.or(one.present).or(knob.default);
    ui.push_id(&path, |ui| {
        ui.horizontal(|ui| {
            let name = RichText::new(knob.title);
            ui.label(if set.is_some() { name.strong() } else { name }).on_hover_text(hover(knob));
            if let Some(reason) = one.missing() {
                ui.label(RichText::new("no answer").small().color(Theme::get(ui).text_weak)).on_hover_text(reason);
            }
            if set.is_some() {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let reset = ui.small_button("Reset").on_hover_text("Leave it as it was recorded");
                    if reset.clicked() {
                        commands.push(TryCommand::Set(path.clone(), None).into());
                        commands.push(DocumentCommand::Seal.into());
                    }
                });
            }
        });
        ui.add_enabled_ui(one.is_answerable(), |ui| match knob.words {
            [] => number_ui(knob, &path, shown, ui, commands),
            words => words_ui(words, &path, shown, ui, commands),
        });
        let weak = Theme::get(ui).text_weak;
        let text = |value: KnobValue| match value.number() {
            Some(number) => number_text(number, knob.unit),
            None => value.to_string(),
        };
        let mut below = Vec::new();
        below.extend(one.present.map(|value| format!("recorded {}", text(value))));
        below.extend(knob.default.map(|value| format!("default {}", text(value))));
        ui.label(RichText::new(below.join(", ")).small().color(weak));
    });
}

fn hover(knob: &Knob) -> String {
    let (low, high) = knob.range;
    match knob.words {
        [] => format!("{}\n{low} to {high} {}\nNeeds {}.", knob.about, knob.unit, knob.needs),
        words => format!("{}\n{}\nNeeds {}.", knob.about, words.join(" or "), knob.needs),
    }
}

fn number_ui(knob: &Knob, path: &str, shown: Option<KnobValue>, ui: &mut Ui, commands: &mut Vec<Command>) {
    let (low, high) = knob.range;
    let unlimited = shown == Some(KnobValue::Unlimited);
    let mut number = shown.and_then(KnobValue::number).unwrap_or(if unlimited { high } else { low });
    let before = number;
    let suffix = match knob.unit {
        Unit::COUNT => String::new(),
        _ if unlimited => String::new(),
        unit if unit == Unit::of(BaseUnit::Percent) => String::from(" %"),
        unit => format!(" {unit}"),
    };
    ui.horizontal(|ui| {
        // Of one width, so that the panel does not grow with what it shows.
        ui.spacing_mut().slider_width = SLIDER_WIDTH;
        let slider = Slider::new(&mut number, low..=high).logarithmic(knob.by_factors).show_value(false);
        // Below this a slider by factors has its zero.
        let slider = if knob.by_factors {
            slider.smallest_positive(low.max(if knob.whole { 1.0 } else { 0.01 }))
        } else {
            slider
        };
        let slider = ui.add(slider);
        slider.widget_info(|| egui::WidgetInfo::slider(true, number, knob.title));
        let drag = DragValue::new(&mut number).range(low..=high).speed((before.abs() * 0.01).max(0.1)).suffix(suffix);
        let drag = if knob.whole { drag.max_decimals(0) } else { drag.max_decimals(3) };
        let drag = if unlimited { drag.custom_formatter(|_, _| String::from("none")) } else { drag };
        let field = ui.add(drag);
        field.widget_info(|| egui::WidgetInfo::slider(true, number, knob.title));
        if knob.whole {
            number = number.round();
        }
        if number != before {
            commands.push(TryCommand::Set(path.to_owned(), Some(significant(number, knob.whole))).into());
        }
        if slider.drag_stopped() || field.drag_stopped() || field.lost_focus() {
            commands.push(DocumentCommand::Seal.into());
        }
        if knob.may_be_unlimited && ui.selectable_label(unlimited, "none").on_hover_text("No limit").clicked() {
            commands.push(TryCommand::Set(path.to_owned(), Some(KnobValue::Unlimited.to_string())).into());
            commands.push(DocumentCommand::Seal.into());
        }
    });
}

/// Three digits are as many as a slider means; a typed whole number is kept.
fn significant(number: f64, whole: bool) -> String {
    if whole || number == 0.0 {
        return format!("{number}");
    }
    let power = 10f64.powi(2 - number.abs().log10().floor() as i32);
    format!("{}", (number * power).round() / power)
}

fn words_ui(
    words: &'static [&'static str],
    path: &str,
    shown: Option<KnobValue>,
    ui: &mut Ui,
    commands: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        for &word in words {
            if ui.selectable_label(shown == Some(KnobValue::Word(word)), word).clicked() {
                commands.push(TryCommand::Set(path.to_owned(), Some(word.to_owned())).into());
                commands.push(DocumentCommand::Seal.into());
            }
        }
    });
}

/// Settings of the scenario at other places, and those that can't be read.
fn others_ui(state: &State, place: &Place, ui: &mut Ui, commands: &mut Vec<Command>) {
    let elsewhere = |text: &str| Setting::parse(text).map_or(true, |setting| setting.place != *place);
    let others: Vec<_> =
        state.settings().iter().filter(|(path, value)| elsewhere(&format!("{path}={value}"))).collect();
    if others.is_empty() {
        return;
    }
    ui.add_space(8.0);
    ui.label(RichText::new("Also set in this scenario").strong().color(Theme::get(ui).accent));
    for (path, value) in others {
        ui.horizontal_wrapped(|ui| {
            ui.add(egui::Label::new(RichText::new(format!("{path} = {value}")).small()).wrap());
            if ui.small_button("Reset").clicked() {
                commands.push(TryCommand::Set(path.clone(), None).into());
                commands.push(DocumentCommand::Seal.into());
            }
        });
        if let Err(why) = Setting::parse(&format!("{path}={value}")) {
            ui.add(egui::Label::new(RichText::new(why).small().color(Theme::get(ui).critical.stroke)).wrap());
        }
    }
}

/// What rows of the view ask of a knob.
trait Shown {
    /// Whether it is about the component, or about all.
    fn fits(&self, component: Option<&ComponentId>) -> bool;
    /// Whether there is an answer.
    fn is_answerable(&self) -> bool;
    /// Why not.
    fn missing(&self) -> Option<&str>;
}

impl Shown for Availability {
    fn fits(&self, component: Option<&ComponentId>) -> bool {
        component.is_none() || self.component.is_none() || self.component.as_ref() == component
    }

    fn is_answerable(&self) -> bool {
        self.answerable == Answerable::Yes
    }

    fn missing(&self) -> Option<&str> {
        match &self.answerable {
            Answerable::Yes => None,
            Answerable::Missing(reason) => Some(reason),
        }
    }
}
