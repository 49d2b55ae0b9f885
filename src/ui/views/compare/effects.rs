//! The table of effects: one row a figure, what surely differs first.

use egui::{Grid, Rect, RichText, Sense, Ui, vec2};

use crate::analysis::effects::{Effect, Verdict};
use crate::model::document::StatusClass;
use crate::model::format::number_text;
use crate::state::command::{Command, NavigateCommand};
use crate::state::compare::Beside;
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::chip::chip;

/// Rows beyond this are told by their number.
const MOST: usize = 120;

/// Draws it.
pub fn effects_ui(state: &State, beside: &Beside, ui: &mut Ui, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    let count = |verdict: Verdict| beside.effects.iter().filter(|effect| effect.verdict == verdict).count();
    let title = state.session.as_ref().map_or("before", |session| session.title.as_str());
    ui.label(RichText::new(format!("{title}, and {}", beside.title)).heading());
    let text = format!(
        "{} figures worse, {} better, {} different, {} without a clear change.",
        count(Verdict::Worse),
        count(Verdict::Better),
        count(Verdict::Different),
        count(Verdict::NoClearChange) + count(Verdict::TooLittle)
    );
    ui.label(text);
    if beside.is_earlier {
        let text = "The other session was recorded earlier: open that one, and compare it with this.";
        ui.label(RichText::new(text).color(theme.warning.stroke));
    }
    if beside.effects.is_empty() {
        ui.label("The two have no figure in common: were the same system and the same components recorded?");
        return;
    }
    Grid::new("effects").num_columns(6).striped(true).spacing(vec2(14.0, 4.0)).show(ui, |ui| {
        for head in ["", "", "before", "after", "change, 95 % band", ""] {
            ui.label(RichText::new(head).small().color(theme.text_weak));
        }
        ui.end_row();
        for effect in beside.effects.iter().take(MOST) {
            row_ui(effect, ui, commands);
            ui.end_row();
        }
    });
    if beside.effects.len() > MOST {
        let text = format!("and {} more that differ less", beside.effects.len() - MOST);
        ui.label(RichText::new(text).small().color(theme.text_weak));
    }
}

fn row_ui(effect: &Effect, ui: &mut Ui, commands: &mut Vec<Command>) {
    let metric = effect.metric.metric();
    let text = |value: f64| number_text(value, metric.unit);
    match &effect.component {
        Some(id) => {
            if ui.link(&effect.title).clicked() {
                commands.push(NavigateCommand::Select(Some(Selection::Component(id.clone()))).into());
            }
        }
        None => {
            ui.label(RichText::new(&effect.title).strong());
        }
    }
    ui.label(metric.title).on_hover_text(metric.definition);
    let side = |side: &crate::analysis::effects::Side| {
        let hover =
            format!("median {}, one of twenty above {}; {} values", text(side.median), text(side.p95), side.count);
        (text(side.mean), hover)
    };
    for (mean, hover) in [side(&effect.before), side(&effect.after)] {
        ui.label(mean).on_hover_text(hover);
    }
    band_ui(effect, ui);
    let class = match effect.verdict {
        Verdict::Better => Some(StatusClass::Healthy),
        Verdict::Worse => Some(StatusClass::Warning),
        Verdict::Different => Some(StatusClass::Optimization),
        Verdict::NoClearChange | Verdict::TooLittle => None,
    };
    let hover = format!(
        "Cliff's delta {:+.2}: how much likelier a value after is higher than one before. A change counts where its band \
         leaves out 0 and the delta is not negligible (0.147).",
        effect.delta
    );
    chip(ui, class, effect.verdict.word()).on_hover_text(hover);
}

/// The change with its band, about a line at no change.
fn band_ui(effect: &Effect, ui: &mut Ui) {
    let theme = Theme::get(ui);
    let unit = effect.metric.unit();
    ui.horizontal(|ui| {
        let text = match effect.relative() {
            Some(share) if share.abs() < 3.0 => format!("{:+.1} %", share * 100.0),
            Some(share) => format!("× {:.1}", share + 1.0),
            None => number_text(effect.difference, unit),
        };
        ui.add_sized(vec2(64.0, 16.0), egui::Label::new(text));
        let (rect, response) = ui.allocate_exact_size(vec2(120.0, 16.0), Sense::hover());
        let (low, high) = effect.band;
        let most = low.abs().max(high.abs()).max(f64::MIN_POSITIVE);
        let x = |value: f64| rect.center().x + (value / most) as f32 * rect.width() / 2.0;
        let painter = ui.painter();
        painter.vline(rect.center().x, rect.y_range(), (1.0, theme.text_weak));
        let bar = Rect::from_x_y_ranges(x(low)..=x(high).max(x(low) + 2.0), rect.shrink(4.0).y_range());
        painter.rect_filled(bar, 2.0, theme.optimization.stroke.gamma_multiply(0.45));
        painter.vline(x(effect.difference), rect.shrink(2.0).y_range(), (2.0, theme.optimization.stroke));
        response.on_hover_text(format!("{} to {}", number_text(low, unit), number_text(high, unit)));
    });
}
