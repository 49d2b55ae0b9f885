//! The timeline at the foot: the whole session, the visible range, the cursor, gaps and notices, playback.

use egui::{Color32, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, Vec2, WidgetInfo};

use crate::model::format::duration_text;
use crate::model::playback::Playback;
use crate::model::series::Buckets;
use crate::model::time::TimeRange;
use crate::state::State;
use crate::state::command::{Command, TimeCommand};
use crate::ui::theme::Theme;
use crate::ui::widgets::time_axis::{TimeScale, time_axis};

/// Draws it.
pub fn timeline_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(span) = state.measured_span() else { return };
    controls_ui(state, ui, commands);
    let size = Vec2::new(ui.available_width(), ui.available_height().max(40.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::GenericContainer, true, "Timeline of the session"));
    let theme = Theme::get(ui);
    let whole = TimeScale::new(span, rect);
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 2.0, theme.background);
    if let Some(overview) = &state.answers.overview {
        for gap in &overview.gaps {
            painter.rect_filled(x_band(&whole, gap.range, rect), 0.0, theme.gap);
        }
        if let Some(memory) = &overview.memory {
            painter.add(area(memory, &whole, rect, theme.human.stroke.gamma_multiply(0.35)));
        }
        if let Some(cpu) = &overview.cpu {
            painter.add(line(cpu, &whole, rect, theme.warning.stroke));
        }
        for notice in &overview.notices {
            let x = whole.x_of(notice.at);
            painter.vline(x, rect.top()..=rect.top() + 5.0, Stroke::new(2.0, theme.warning.stroke));
        }
    }
    time_axis(ui, rect, &whole);
    let visible = x_band(&whole, state.range, rect);
    for shaded in [
        Rect::from_min_max(rect.min, Pos2::new(visible.left(), rect.bottom())),
        Rect::from_min_max(Pos2::new(visible.right(), rect.top()), rect.max),
    ] {
        painter.rect_filled(shaded, 0.0, theme.panel.gamma_multiply(0.6));
    }
    painter.rect_stroke(visible, 0.0, Stroke::new(1.5, theme.accent), StrokeKind::Inside);
    if let Some(cursor) = state.cursor() {
        painter.vline(whole.x_of(cursor), rect.y_range(), Stroke::new(1.5, theme.cursor));
    }
    interactions(state, ui, &response, &whole, visible, commands);
}

fn controls_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let mut button = |ui: &mut egui::Ui, text: &str, hint: &str, command: TimeCommand| {
            if ui.small_button(text).on_hover_text(hint).clicked() {
                commands.push(command.into());
            }
        };
        button(ui, "|<", "Step back (Left)", TimeCommand::Step(-1));
        let (play, hint) = if state.playback.playing { ("Pause", "Pause (Space)") } else { ("Play", "Play (Space)") };
        button(ui, play, hint, TimeCommand::TogglePlay);
        button(ui, ">|", "Step forward (Right)", TimeCommand::Step(1));
        button(ui, "−", "Play slower (,)", TimeCommand::ChangeSpeed(-1));
        ui.label(egui::RichText::new(speed_text(&state.playback)).small());
        button(ui, "+", "Play faster (.)", TimeCommand::ChangeSpeed(1));
        ui.separator();
        button(ui, "All", "Show all time (Home)", TimeCommand::ShowAll);
        button(ui, "Zoom in", "Show less time (+)", TimeCommand::Zoom(0.5));
        button(ui, "Zoom out", "Show more time (-)", TimeCommand::Zoom(2.0));
        if state.is_live() {
            let mut follow = state.follow;
            if ui.checkbox(&mut follow, "Follow").on_hover_text("Keep the newest in view (End)").changed() {
                commands.push(TimeCommand::Follow(follow).into());
            }
        }
        ui.separator();
        if let Some(cursor) = state.cursor() {
            let text = format!("Cursor {}", cursor.local("%d %b %H:%M:%S"));
            ui.label(egui::RichText::new(text).small());
        }
        let text = format!(
            "Showing {} from {}",
            duration_text(state.range.length_seconds()),
            state.range.from.local("%H:%M:%S")
        );
        ui.label(egui::RichText::new(text).small().color(Theme::get(ui).text_weak));
    });
}

fn speed_text(playback: &Playback) -> String {
    format!("{}×", playback.speed)
}

fn interactions(
    state: &State,
    ui: &egui::Ui,
    response: &egui::Response,
    whole: &TimeScale,
    visible: Rect,
    commands: &mut Vec<Command>,
) {
    let range = state.range;
    if response.dragged() {
        let began_inside =
            ui.input(|input| input.pointer.press_origin()).is_some_and(|at| visible.x_range().contains(at.x));
        let shows_all = visible.width() > response.rect.width() * 0.98;
        if began_inside && !shows_all {
            let moved = whole.at_x(whole.left + response.drag_delta().x).0 - whole.range.from.0;
            commands.push(
                TimeCommand::SetRange { range: range.shifted_ns(moved), keep_back: response.drag_started() }.into(),
            );
        } else if let (Some(origin), Some(now)) =
            (ui.input(|input| input.pointer.press_origin()), response.interact_pointer_pos())
        {
            let drawn = TimeRange::new(whole.at_x(origin.x), whole.at_x(now.x));
            if (origin.x - now.x).abs() > 4.0 {
                commands.push(TimeCommand::SetRange { range: drawn, keep_back: response.drag_started() }.into());
            }
        }
    } else if response.double_clicked() {
        commands.push(TimeCommand::ShowAll.into());
    } else if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        commands.push(TimeCommand::SetCursor(whole.at_x(at.x)).into());
    }
    if response.hovered() {
        let scroll = ui.input(|input| input.smooth_scroll_delta().y);
        if scroll != 0.0
            && let Some(at) = response.hover_pos()
        {
            let factor = f64::from((-scroll / 200.0).exp());
            let range = range.scaled_about(whole.at_x(at.x), factor);
            commands.push(TimeCommand::SetRange { range, keep_back: false }.into());
        }
    }
}

fn x_band(scale: &TimeScale, range: TimeRange, rect: Rect) -> Rect {
    let left = scale.x_of(range.from).clamp(rect.left(), rect.right());
    let right = scale.x_of(range.to).clamp(rect.left(), rect.right());
    Rect::from_min_max(Pos2::new(left, rect.top()), Pos2::new(right.max(left + 2.0), rect.bottom()))
}

fn y_scale(buckets: &Buckets, rect: Rect) -> impl Fn(f64) -> f32 {
    let max = buckets.buckets.iter().map(|bucket| bucket.max).fold(f64::MIN_POSITIVE, f64::max);
    let height = f64::from(rect.height() - 14.0).max(1.0);
    let bottom = rect.bottom();
    move |value| bottom - (value.max(0.0) / max * height) as f32
}

fn area(buckets: &Buckets, scale: &TimeScale, rect: Rect, fill: Color32) -> Shape {
    let y = y_scale(buckets, rect);
    let mut mesh = egui::Mesh::default();
    for (index, bucket) in buckets.buckets.iter().enumerate() {
        // Values come about once in a column, so that now and then one falls into none: that is no gap.
        let own_end = bucket.start.plus_ns(buckets.width_ns);
        let next = buckets.buckets.get(index + 1).map(|next| next.start);
        let end = next.filter(|next| *next <= bucket.start.plus_ns(3 * buckets.width_ns)).unwrap_or(own_end);
        let top_left = Pos2::new(scale.x_of(bucket.start), y(bucket.mean()));
        let right = scale.x_of(end).max(top_left.x + 1.0);
        mesh.add_colored_rect(Rect::from_min_max(top_left, Pos2::new(right, rect.bottom())), fill);
    }
    Shape::mesh(mesh)
}

fn line(buckets: &Buckets, scale: &TimeScale, rect: Rect, colour: Color32) -> Shape {
    let y = y_scale(buckets, rect);
    let points = buckets.buckets.iter().map(|bucket| Pos2::new(scale.x_of(bucket.start), y(bucket.mean()))).collect();
    Shape::line(points, Stroke::new(1.2, colour))
}
