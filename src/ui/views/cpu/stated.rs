//! What a document states about CPU, where nothing was measured: figures and hot functions as bars, by component.

use egui::{Align2, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::model::document::{Component, Document, Fact, ShareOf, Statistic};
use crate::model::format::quantity_text;
use crate::model::metric::{CPU_CORES, CPU_SHARE};
use crate::model::quantity::{Quantity, Value};
use crate::model::unit::Unit;
use crate::state::command::{Command, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::doubt;
use crate::ui::widgets::empty::empty_ui;
use crate::ui::widgets::paint::{line_of_text, outline};
use crate::ui::widgets::provenance::tooltip;

/// What would measure what is only stated here.
const NOT_MEASURED: &str = "These figures are stated; nothing was measured over time. To see CPU use over time, watch a source: \
     host (this machine), pid:N (a process and its children) or beam:NAME@HOST (a BEAM node).";

const ROW_HEIGHT: f32 = 18.0;

/// One bar.
struct Bar {
    label: String,
    quantity: Quantity,
    /// Its length, as a share of the longest that there can be.
    length: f32,
}

/// Draws what the document states into all of `ui`.
pub fn stated(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let document = &state.document;
    let most_cores = most_cores(document);
    let with_bars: Vec<(&Component, Vec<Bar>)> = document
        .components
        .iter()
        .map(|component| (component, bars(document, component, most_cores)))
        .filter(|(_, bars)| !bars.is_empty())
        .collect();
    if with_bars.is_empty() {
        let advice = "This document states none. Watch a source (host, pid:N) or open a recording to measure it.";
        empty_ui(ui, "No CPU figures", advice);
        return;
    }
    ui.label("CPU use as stated, by component");
    ui.label(RichText::new(NOT_MEASURED).color(Theme::get(ui).text_weak));
    ui.add_space(4.0);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let selected = state.selected_component();
        for (component, bars) in &with_bars {
            let is_selected = selected.as_ref() == Some(&component.id);
            component_ui(ui, state, component, bars, is_selected, commands);
            ui.add_space(6.0);
        }
    });
}

fn most_cores(document: &Document) -> f64 {
    let facts = document.components.iter().flat_map(|component| &component.facts);
    let cores = facts.filter(|fact| fact.metric == Some(CPU_CORES));
    cores.filter_map(|fact| document.quantity(fact).number_in(Unit::CORES)).fold(1.0, f64::max)
}

/// What is stated about one component's CPU: figures first, then functions.
fn bars(document: &Document, component: &Component, most_cores: f64) -> Vec<Bar> {
    let figures = component.facts.iter().filter_map(|fact| {
        let quantity = document.quantity(fact);
        let length = match fact.metric {
            Some(CPU_SHARE) => quantity.number_in(Unit::RATIO)?,
            Some(CPU_CORES) => quantity.number_in(Unit::CORES)? / most_cores,
            _ => return None,
        };
        Some(Bar { label: fact_label(fact), quantity, length: length.clamp(0.0, 1.0) as f32 })
    });
    let functions = component.hot_functions.iter().map(|function| {
        let of = match function.share_of {
            ShareOf::Machine => "of the machine",
            ShareOf::Component => "of the component",
            ShareOf::Unstated => "of what is not said",
        };
        let provenance = document.stated(&function.item);
        let quantity = Quantity { value: Value::Exact(function.share), unit: Unit::RATIO, provenance };
        let length = function.share.clamp(0.0, 1.0) as f32;
        Bar { label: format!("{}, {of}", function.function), quantity, length }
    });
    figures.chain(functions).collect()
}

fn fact_label(fact: &Fact) -> String {
    let statistic = match fact.statistic {
        Statistic::Unspecified => None,
        Statistic::Current => Some("now"),
        Statistic::Mean => Some("mean"),
        Statistic::Peak => Some("peak"),
        Statistic::Baseline => Some("usual low"),
        Statistic::P99 => Some("99th percentile"),
        Statistic::Total => Some("total"),
    };
    let each = fact.each.as_ref().map(|each| format!("each {each}"));
    let further = statistic.map(str::to_owned).into_iter().chain(each).chain(fact.period.clone());
    let further: Vec<String> = further.collect();
    if further.is_empty() { fact.label.clone() } else { format!("{} ({})", fact.label, further.join(", ")) }
}

/// A component's name and its bars; a click anywhere on them selects it.
fn component_ui(
    ui: &mut Ui,
    state: &State,
    component: &Component,
    bars: &[Bar],
    is_selected: bool,
    commands: &mut Vec<Command>,
) {
    let theme = Theme::get(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let height = ROW_HEIGHT * (bars.len() + 1) as f32 + 4.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, &component.title));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let painter = ui.painter();
    painter.rect_filled(rect, 3.0, if response.hovered() { theme.selection } else { theme.raised });
    if is_selected {
        outline(painter, rect, theme.text);
    } else if response.has_focus() {
        outline(painter, rect, theme.accent);
    }
    let inner = rect.shrink2(vec2(8.0, 2.0));
    let title_place = pos2(inner.left(), inner.top() + ROW_HEIGHT / 2.0);
    line_of_text(painter, title_place, Align2::LEFT_CENTER, &component.title, 13.0, theme.text, inner.width());
    for (row, bar) in bars.iter().enumerate() {
        let top = inner.top() + ROW_HEIGHT * (row + 1) as f32;
        let row_rect = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), ROW_HEIGHT));
        bar_ui(ui, state, row_rect, component, bar);
    }
    if response.clicked() {
        let selection = Selection::Component(component.id.clone());
        commands.push(NavigateCommand::Select(Some(selection)).into());
    }
}

/// One bar: what, how long, how much, and from where.
fn bar_ui(ui: &Ui, state: &State, rect: Rect, component: &Component, bar: &Bar) {
    let theme = Theme::get(ui);
    let painter = ui.painter();
    let label_width = (rect.width() * 0.46).min(420.0);
    let value_width = 110.0;
    let place = pos2(rect.left() + 10.0, rect.center().y);
    line_of_text(painter, place, Align2::LEFT_CENTER, &bar.label, 12.0, theme.text, label_width - 16.0);
    let track = Rect::from_min_max(
        pos2(rect.left() + label_width, rect.top() + 4.0),
        pos2(rect.right() - value_width, rect.bottom() - 4.0),
    );
    painter.rect_filled(track, 2.0, theme.background);
    let filled = track.with_max_x(track.left() + track.width() * bar.length);
    painter.rect_filled(filled, 2.0, theme.series_colour(component.id.as_str()));
    let value = format!("{} {}", quantity_text(&bar.quantity), bar.quantity.provenance.mark());
    let place = pos2(track.right() + 8.0, rect.center().y);
    line_of_text(painter, place, Align2::LEFT_CENTER, &value, 12.0, theme.text, value_width - 24.0);
    let found: Vec<_> = doubt::doubts_of(state, &bar.quantity).collect();
    if let Some(worst) = found.iter().map(|one| one.severity).min() {
        let place = pos2(rect.right() - 6.0, rect.center().y);
        line_of_text(painter, place, Align2::RIGHT_CENTER, worst.symbol(), 12.0, doubt::colour(ui, worst), 16.0);
    }
    let response = ui.interact(rect, ui.scope_id().with(("bar", &component.id, &bar.label)), Sense::hover());
    let origin = tooltip(&bar.quantity.provenance);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{}: {value}", bar.label)));
    response.on_hover_ui(|ui| {
        ui.label(format!("{}\n{origin}", bar.label));
        doubt::doubts_text_ui(found.into_iter(), ui);
    });
}
