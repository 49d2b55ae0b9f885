//! Treemaps of many boxes are laid out on a thread of their own; until one is ready the one before stays.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use egui::{Id, Rect, Ui};

use super::look::Look;
use super::tiles::Tiles;
use crate::analysis::landscape::Landscape;

/// Fewer members than this are laid out within a frame.
const MANY: usize = 10_000;

/// What is kept from frame to frame.
#[derive(Clone, Default)]
struct Kept {
    tiles: Option<Arc<Tiles>>,
    /// What a thread is at, and where it puts it.
    coming: Option<Arc<Mutex<Option<Arc<Tiles>>>>>,
}

/// The treemap: that of the frame before, if it is still right, else a new one; or the old one, while a new one takes long.
pub fn prepared(ui: &Ui, rect: Rect, landscape: &Arc<Landscape>, look: Look) -> Arc<Tiles> {
    let id = Id::unique("memory_treemap_tiles");
    let mut kept: Kept = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    if let Some(ready) =
        kept.coming.as_ref().and_then(|coming| coming.lock().unwrap_or_else(PoisonError::into_inner).take())
    {
        kept = Kept { tiles: Some(ready), coming: None };
        ui.data_mut(|data| data.insert_temp(id, kept.clone()));
    }
    if let Some(tiles) = kept.tiles.clone() {
        if tiles.is_of(landscape, rect, &look) || kept.coming.is_some() {
            return tiles;
        }
        let members: usize = landscape.parts.iter().map(|part| part.members.len()).sum();
        if members >= MANY && tiles.bounds == rect {
            let coming = Arc::new(Mutex::new(None));
            let (place, landscape, context) = (Arc::clone(&coming), Arc::clone(landscape), ui.ctx().clone());
            let work = move || {
                let tiles = Arc::new(Tiles::new(landscape, rect, look));
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(tiles);
                context.request_repaint();
            };
            if thread::Builder::new().name(String::from("treemap")).spawn(work).is_ok() {
                kept.coming = Some(coming);
                ui.data_mut(|data| data.insert_temp(id, kept));
                return tiles;
            }
            // Without a thread it takes its time here, next frame.
            return tiles;
        }
    }
    let tiles = Arc::new(Tiles::new(Arc::clone(landscape), rect, look));
    ui.data_mut(|data| data.insert_temp(id, Kept { tiles: Some(Arc::clone(&tiles)), coming: None }));
    tiles
}
