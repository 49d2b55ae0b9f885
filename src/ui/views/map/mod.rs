//! The system map: boxes in their groups, arrows between them, coloured by status.
//!
//! The layout comes prepared (`analysis::map_layout`); here it is only moved, scaled and drawn, with as much detail as
//! there is room for.

mod boxes;
mod camera;
mod edges;
mod legend;
mod scene;

use egui::{Rect, Sense, Vec2};

use super::View;
use crate::analysis::map_layout::{Area, MapLayout};
use crate::model::id::ComponentId;
use crate::state::command::{Command, NavigateCommand};
use crate::state::question::Topic;
use crate::state::{Selection, State, ViewId};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::empty_ui;

use camera::Camera;
use scene::Scene;

/// The map view.
pub struct Map;

impl View for Map {
    fn id(&self) -> ViewId {
        ViewId::Map
    }

    fn help(&self) -> &'static str {
        "The parts of the system and what flows between them, coloured by status. Drag to move, scroll to zoom, \
         click a box or an arrow to select it; nearer, boxes show their figures."
    }

    fn ui(&self, state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
        let Some(layout) = state.answers.map_layout.as_deref() else {
            return missing_ui(state, ui);
        };
        if layout.boxes.is_empty() {
            return empty_ui(
                ui,
                "No map",
                "This session has no components: a document lists them, or a source finds them.",
            );
        }
        let memory = ui.scope_id().with("map camera");
        let mut camera: Camera = ui.data(|data| data.get_temp(memory)).unwrap_or_default();
        let whole = ui.available_rect_before_wrap();
        let (canvas, legend) = whole.split_top_bottom_at_y(whole.bottom() - legend::height(whole.width()));
        legend::legend_ui(ui, legend, canvas, layout, &mut camera);
        map_ui(state, layout, ui, canvas, &mut camera, commands);
        ui.data_mut(|data| data.insert_temp(memory, camera));
        ui.advance_cursor_after_rect(whole);
    }
}

fn missing_ui(state: &State, ui: &mut egui::Ui) {
    match state.answers.failed.get(&Topic::MapLayout) {
        Some(reason) => empty_ui(ui, "The map could not be laid out", reason),
        None if state.session.is_none() => empty_ui(ui, "No session", "Open a file or watch this machine."),
        None => {
            ui.vertical_centered(|ui| {
                ui.add_space(ui.available_height() * 0.3);
                ui.spinner();
                ui.label("Laying out the map …");
            });
        }
    }
}

fn map_ui(
    state: &State,
    layout: &MapLayout,
    ui: &mut egui::Ui,
    canvas: Rect,
    camera: &mut Camera,
    commands: &mut Vec<Command>,
) {
    let scene = Scene::of(state, layout);
    let ground = ui.interact(canvas, ui.scope_id().with("map"), Sense::click_and_drag());
    ground.widget_info(|| {
        let count = layout.boxes.len();
        egui::WidgetInfo::labeled(egui::accesskit::Role::Group, true, format!("Map of {count} components"))
    });
    camera.settle(canvas, layout);
    camera.pan(ground.drag_delta());
    let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|at| canvas.contains(*at));
    if let Some(at) = pointer.filter(|_| ui.rect_contains_pointer(canvas)) {
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
        camera.zoom(canvas, pinch * (scroll.y / 240.0).exp(), at);
        camera.pan(Vec2::new(scroll.x, 0.0));
    }
    camera.follow(canvas, state.selection.as_ref(), selected_area(&scene));

    let painter = ui.painter_at(canvas);
    painter.rect_filled(canvas, 0.0, Theme::get(ui).background);
    boxes::groups_ui(&scene, ui, canvas, camera);
    // Arrows lie under boxes, but which of them stand out depends on the box that the pointer is over.
    let hovered_box = pointer.filter(|_| ground.contains_pointer()).and_then(|at| box_at(layout, canvas, camera, at));
    let lit = match (hovered_box, &scene.selected) {
        (Some(id), _) => Some(id.clone()),
        (None, selected) => selected.clone(),
    };
    let on_edge = match (hovered_box, pointer) {
        (None, Some(at)) if ground.contains_pointer() => edges::nearest(layout, canvas, camera, at),
        _ => None,
    };
    edges::edges_ui(&scene, ui, canvas, camera, lit.as_ref(), on_edge, commands);
    boxes::boxes_ui(&scene, ui, canvas, camera, hovered_box, commands);
    if let Some(edge) = on_edge {
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
        if let Some(found) = state.document.edges.get(edge) {
            let text = format!("{} to {}: {}", scene.title(&found.from), scene.title(&found.to), found.label);
            ground.clone().on_hover_text_at_pointer(text);
        }
    }
    if ground.clicked() {
        commands.push(NavigateCommand::Select(on_edge.map(Selection::Edge)).into());
    }
    if ground.double_clicked() {
        camera.fit();
    }
}

fn box_at<'a>(layout: &'a MapLayout, canvas: Rect, camera: &Camera, at: egui::Pos2) -> Option<&'a ComponentId> {
    let found = layout.boxes.iter().find(|placed| camera.rect(canvas, placed.area).contains(at));
    found.map(|placed| &placed.component)
}

fn selected_area(scene: &Scene) -> Option<Area> {
    if let Some(id) = &scene.selected {
        return scene.layout.boxes.iter().find(|placed| &placed.component == id).map(|placed| placed.area);
    }
    let edge = scene.layout.edges.iter().find(|placed| Some(placed.edge) == scene.selected_edge)?;
    Some(Area { x: edge.label.0, y: edge.label.1, width: 0.0, height: 0.0 })
}
