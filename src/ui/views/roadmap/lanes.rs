//! Three lanes, near, middle and far, with their horizons and the cards of opportunities in them.

use egui::{Frame, Label, RichText, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo};

use crate::model::document::{Claim, Horizon, Lane, Opportunity, OpportunityState, StatusClass};
use crate::model::format::value_text;
use crate::model::quantity::{Provenance, Quantity};
use crate::state::command::{Command, DocumentCommand, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::chip::chip;
use crate::ui::widgets::doubt::doubt_ui;
use crate::ui::widgets::provenance::{mark_ui, tooltip};

const LANES: [(Lane, &str); 3] = [(Lane::Near, "Near"), (Lane::Middle, "Middle"), (Lane::Far, "Far")];

/// Narrower lanes could not be read; then the row scrolls sideways.
const MIN_WIDTH: f32 = 138.0;

/// Draws the lanes side by side. `arrived`: the selection is new, so it is scrolled to.
pub fn lanes_ui(state: &State, arrived: bool, ui: &mut Ui, commands: &mut Vec<Command>) {
    let spacing = ui.spacing().item_spacing.x;
    let width = ((ui.available_width() - 2.0 * spacing - 14.0) / LANES.len() as f32).max(MIN_WIDTH);
    ScrollArea::both().id_salt("lanes").auto_shrink(false).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            for (lane, name) in LANES {
                ui.vertical(|ui| {
                    ui.set_width(width);
                    ui.label(RichText::new(name).heading());
                    for horizon in state.document.horizons.iter().filter(|horizon| horizon.lane == lane) {
                        horizon_ui(state, horizon, arrived, ui, commands);
                    }
                    if lane == Lane::Far {
                        stray_ui(state, arrived, ui, commands);
                    }
                });
            }
        });
    });
}

fn horizon_ui(state: &State, horizon: &Horizon, arrived: bool, ui: &mut Ui, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    Frame::new().fill(theme.raised).corner_radius(6).inner_margin(6).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add(Label::new(RichText::new(&horizon.title).strong()).wrap());
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.label(RichText::new(weeks_text(horizon.weeks)).small().color(theme.text_weak));
            if let Some(risk) = horizon.risk {
                let text = RichText::new(format!("risk: {}", risk.word())).small();
                let response = ui.label(text);
                if let Some(note) = &horizon.risk_note {
                    response.on_hover_text(note);
                }
                if let Some(item) = &horizon.risk_item {
                    mark_ui(ui, &state.document.stated(item));
                }
            }
        });
        if !horizon.combined.is_empty() {
            ui.label(RichText::new("All of it together, as claimed:").small().color(theme.text_weak));
            claims_ui(state, &horizon.combined, ui, commands);
        }
        for opportunity in state.document.opportunities.iter().filter(|found| found.horizon == horizon.id) {
            card_ui(state, opportunity, horizon.title.as_str(), arrived, ui, commands);
        }
        let name = format!("Add an opportunity to {}", horizon.title);
        if ui.small_button("+ Add").on_hover_text(&name).accessible_name(&name).clicked() {
            commands.push(DocumentCommand::AddOpportunity(horizon.id.clone()).into());
        }
    });
}

/// Opportunities whose horizon is not in the document: they must not vanish.
fn stray_ui(state: &State, arrived: bool, ui: &mut Ui, commands: &mut Vec<Command>) {
    let document = &state.document;
    let strays = || document.opportunities.iter().filter(|found| document.horizon(&found.horizon).is_none());
    if strays().next().is_none() {
        return;
    }
    ui.label(RichText::new("Without a horizon").strong());
    for opportunity in strays() {
        card_ui(state, opportunity, "no horizon", arrived, ui, commands);
    }
}

fn card_ui(
    state: &State,
    opportunity: &Opportunity,
    horizon: &str,
    arrived: bool,
    ui: &mut Ui,
    commands: &mut Vec<Command>,
) {
    let theme = Theme::get(ui);
    let selection = Selection::Opportunity(opportunity.id.clone());
    let is_selected = state.selection.as_ref() == Some(&selection);
    let builder = UiBuilder::new().id_salt(&opportunity.id).sense(Sense::click());
    let response = ui
        .scope_builder(builder, |ui| {
            let seen = ui.response();
            let stroke = if is_selected || seen.has_focus() { (2.0, theme.accent) } else { (1.0, theme.outline) };
            let fill = if is_selected || seen.hovered() { theme.selection } else { theme.panel };
            Frame::new().fill(fill).stroke(stroke).corner_radius(5).inner_margin(6).show(ui, |ui| {
                ui.set_width(ui.available_width());
                // Text that can be selected would take the click from the card.
                ui.style_mut().interaction.selectable_labels = false;
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add(Label::new(RichText::new(&opportunity.title).strong()).wrap());
                if let Some(component) = &opportunity.component {
                    let title = RichText::new(state.component_title(component)).small().color(theme.text_weak);
                    ui.add(Label::new(title).truncate());
                }
                claims_ui(state, &opportunity.claims, ui, commands);
                ui.horizontal_wrapped(|ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    state_chip(ui, opportunity.state);
                    if let Some(hours) = opportunity.effort_h {
                        ui.label(RichText::new(format!("{hours} h")).small());
                    }
                    if let Some(risk) = opportunity.risk {
                        ui.label(RichText::new(format!("risk: {}", risk.word())).small());
                    }
                });
            });
        })
        .response;
    response.widget_info(|| {
        let name = format!("{}, {}, {horizon}", opportunity.title, opportunity.state.words());
        WidgetInfo::selected(egui::accesskit::Role::Button, true, is_selected, name)
    });
    if is_selected && arrived {
        response.scroll_to_me(None);
    }
    if response.clicked() {
        commands.push(NavigateCommand::Select(Some(selection)).into());
    }
}

fn state_chip(ui: &mut Ui, state: OpportunityState) {
    match state {
        OpportunityState::Done => chip(ui, Some(StatusClass::Healthy), state.words()),
        OpportunityState::Planned | OpportunityState::InProgress => chip(ui, Some(StatusClass::Human), state.words()),
        OpportunityState::Proposed | OpportunityState::Rejected => chip(ui, None, state.words()),
    };
}

/// Claimed effects, one a row, each with its mark.
pub fn claims_ui(state: &State, claims: &[Claim], ui: &mut Ui, commands: &mut Vec<Command>) {
    for claim in claims {
        let provenance = state.document.stated(&claim.item);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.label(RichText::new(&claim.label).small());
            claim_value_ui(claim, &provenance, ui);
            let quantity = Quantity { value: claim.value, unit: claim.unit, provenance };
            doubt_ui(state, &quantity, ui, commands);
        });
    }
}

fn claim_value_ui(claim: &Claim, provenance: &Provenance, ui: &mut Ui) {
    let value = value_text(claim.value, claim.unit);
    let text = if claim.is_level { format!("to {value}") } else { value };
    ui.label(RichText::new(text).small().strong()).on_hover_text(tooltip(provenance));
    mark_ui(ui, provenance);
}

/// `1–2 weeks`, in months from two months on.
fn weeks_text((first, last): (f64, f64)) -> String {
    const WEEKS_A_MONTH: f64 = 30.436_875 / 7.0;
    let (first, last, unit) =
        if last > 8.0 { (first / WEEKS_A_MONTH, last / WEEKS_A_MONTH, "months") } else { (first, last, "weeks") };
    let round = |value: f64| (value * 10.0).round() / 10.0;
    let (first, last) = (round(first), round(last));
    if first == last { format!("{first} {unit}") } else { format!("{first}–{last} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn horizons_are_told_in_weeks_or_months() {
        assert_eq!(weeks_text((1.0, 2.0)), "1–2 weeks");
        assert_eq!(weeks_text((4.348_125, 8.696_25)), "1–2 months");
        assert_eq!(weeks_text((13.044_375, 26.088_75)), "3–6 months");
        assert_eq!(weeks_text((3.0, 3.0)), "3 weeks");
    }
}
