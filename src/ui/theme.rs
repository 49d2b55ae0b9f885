//! Colours as tokens, read from `assets/theme_light.ron` and `assets/theme_dark.ron`, and the egui style made of them.

use std::sync::LazyLock;

use egui::Color32;
use serde::{Deserialize, Deserializer};

use crate::model::document::StatusClass;

/// The colours of one theme.
#[derive(Clone, Debug, Deserialize)]
pub struct Theme {
    /// Behind everything.
    #[serde(deserialize_with = "colour")]
    pub background: Color32,
    /// Panels and views.
    #[serde(deserialize_with = "colour")]
    pub panel: Color32,
    /// What lies on a panel: headers, buttons.
    #[serde(deserialize_with = "colour")]
    pub raised: Color32,
    /// Lines between things.
    #[serde(deserialize_with = "colour")]
    pub outline: Color32,
    /// Text; at least 4.5:1 on every background here.
    #[serde(deserialize_with = "colour")]
    pub text: Color32,
    /// Less important text; at least 4.5:1 as well.
    #[serde(deserialize_with = "colour")]
    pub text_weak: Color32,
    /// Links and what is active.
    #[serde(deserialize_with = "colour")]
    pub accent: Color32,
    /// Grid lines of plots.
    #[serde(deserialize_with = "colour")]
    pub grid: Color32,
    /// The time cursor.
    #[serde(deserialize_with = "colour")]
    pub cursor: Color32,
    /// Behind what is selected.
    #[serde(deserialize_with = "colour")]
    pub selection: Color32,
    /// Where nothing was measured.
    #[serde(deserialize_with = "colour")]
    pub gap: Color32,
    /// Status classes.
    pub critical: ClassColours,
    /// See [`StatusClass::Warning`].
    pub warning: ClassColours,
    /// See [`StatusClass::Healthy`].
    pub healthy: ClassColours,
    /// See [`StatusClass::Human`].
    pub human: ClassColours,
    /// See [`StatusClass::Optimization`].
    pub optimization: ClassColours,
    /// No status.
    pub unknown: ClassColours,
    /// Colours that tell components apart.
    #[serde(deserialize_with = "colours")]
    pub series: Vec<Color32>,
    /// From nothing to most, for heat maps.
    #[serde(deserialize_with = "colours")]
    pub heat: Vec<Color32>,
}

/// The three colours of a status class.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ClassColours {
    /// Inside.
    #[serde(deserialize_with = "colour")]
    pub fill: Color32,
    /// Outline.
    #[serde(deserialize_with = "colour")]
    pub stroke: Color32,
    /// Text on the inside; at least 4.5:1.
    #[serde(deserialize_with = "colour")]
    pub text: Color32,
}

fn colour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Color32, D::Error> {
    let text = String::deserialize(deserializer)?;
    Color32::from_hex(&text).map_err(|error| serde::de::Error::custom(format!("\"{text}\": {error:?}")))
}

fn colours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Color32>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse = |text: &String| Color32::from_hex(text).map_err(|error| serde::de::Error::custom(format!("{error:?}")));
    texts.iter().map(parse).collect()
}

static LIGHT: LazyLock<Theme> = LazyLock::new(|| built_in(include_str!("../../assets/theme_light.ron")));
static DARK: LazyLock<Theme> = LazyLock::new(|| built_in(include_str!("../../assets/theme_dark.ron")));

fn built_in(text: &str) -> Theme {
    // Both files are compiled in and read by a test below, so this can't fail in a released program.
    ron::from_str(text).expect("a theme in assets/ is not valid")
}

impl Theme {
    /// The dark or the light theme.
    pub fn of(dark: bool) -> &'static Theme {
        if dark { &DARK } else { &LIGHT }
    }

    /// The theme that this part of the window is drawn in.
    pub fn get(ui: &egui::Ui) -> &'static Theme {
        Self::of(ui.visuals().dark_mode)
    }

    /// Colours of a class; of no class, neutral ones.
    pub fn class(&self, class: Option<StatusClass>) -> ClassColours {
        match class {
            Some(StatusClass::Critical) => self.critical,
            Some(StatusClass::Warning) => self.warning,
            Some(StatusClass::Healthy) => self.healthy,
            Some(StatusClass::Human) => self.human,
            Some(StatusClass::Optimization) => self.optimization,
            None => self.unknown,
        }
    }

    /// A colour that stays with a name: the same component has the same colour in every view.
    pub fn series_colour(&self, name: &str) -> Color32 {
        // FNV-1a, 32 bit (Fowler, Noll, Vo 1991): stable across runs, unlike the standard hasher.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let count = self.series.len().max(1);
        self.series.get(hash as usize % count).copied().unwrap_or(self.accent)
    }

    /// The colour of a share from 0 to 1 on the heat scale.
    pub fn heat_colour(&self, share: f32) -> Color32 {
        let steps = self.heat.len().saturating_sub(1).max(1);
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        let place = share * steps as f32;
        let index = (place as usize).min(steps - 1);
        match (self.heat.get(index), self.heat.get(index + 1)) {
            (Some(low), Some(high)) => low.lerp_to_gamma(*high, place - index as f32),
            _ => self.accent,
        }
    }
}

/// egui's own fonts; arrows and geometric signs, which the proportional one lacks, come from the monospaced one.
pub fn fonts() -> egui::FontDefinitions {
    let mut fonts = egui::FontDefinitions::default();
    if let Some(proportional) = fonts.families.get_mut(&egui::FontFamily::Proportional) {
        proportional.push("Hack".to_owned());
    }
    fonts
}

/// Makes both themes of egui ours.
pub fn apply(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for (egui_theme, dark) in [(egui::Theme::Light, false), (egui::Theme::Dark, true)] {
        let tokens = Theme::of(dark);
        ctx.style_mut_of(egui_theme, |style| {
            let visuals = &mut style.visuals;
            visuals.dark_mode = dark;
            visuals.panel_fill = tokens.panel;
            visuals.window_fill = tokens.panel;
            visuals.extreme_bg_color = tokens.background;
            visuals.faint_bg_color = tokens.raised;
            visuals.override_text_color = Some(tokens.text);
            visuals.weak_text_color = Some(tokens.text_weak);
            visuals.hyperlink_color = tokens.accent;
            visuals.selection.bg_fill = tokens.selection;
            visuals.selection.stroke.color = tokens.text;
            visuals.window_stroke.color = tokens.outline;
            visuals.widgets.noninteractive.bg_stroke.color = tokens.outline;
            visuals.widgets.noninteractive.bg_fill = tokens.panel;
            visuals.widgets.inactive.weak_bg_fill = tokens.raised;
            visuals.widgets.inactive.bg_fill = tokens.raised;
            visuals.widgets.hovered.weak_bg_fill = tokens.selection;
            visuals.widgets.hovered.bg_fill = tokens.selection;
            visuals.widgets.active.weak_bg_fill = tokens.selection;
            visuals.widgets.active.bg_fill = tokens.selection;
            style.spacing.item_spacing = egui::vec2(8.0, 4.0);
            style.interaction.tooltip_delay = 0.25;
            style.text_styles.insert(egui::TextStyle::Small, egui::FontId::proportional(11.0));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.1).
    fn luminance(colour: Color32) -> f64 {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(colour.r()) + 0.7152 * channel(colour.g()) + 0.0722 * channel(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_on_everything_that_it_lies_on() {
        for dark in [false, true] {
            let theme = Theme::of(dark);
            for background in [theme.background, theme.panel, theme.raised, theme.selection] {
                assert!(contrast(theme.text, background) >= 4.5, "{dark} text {background:?}");
            }
            for background in [theme.background, theme.panel, theme.raised] {
                assert!(contrast(theme.text_weak, background) >= 4.5, "{dark} weak {background:?}");
                assert!(contrast(theme.accent, background) >= 4.5, "{dark} accent {background:?}");
            }
            for class in [theme.critical, theme.warning, theme.healthy, theme.human, theme.optimization, theme.unknown]
            {
                assert!(contrast(class.text, class.fill) >= 4.5, "{dark} class {class:?}");
                assert!(contrast(class.stroke, theme.panel) >= 3.0, "{dark} outline {class:?}");
            }
        }
    }

    #[test]
    fn heat_goes_from_the_first_to_the_last_colour() {
        let theme = Theme::of(false);
        assert_eq!(theme.heat_colour(0.0), theme.heat[0]);
        assert_eq!(theme.heat_colour(1.0), theme.heat[theme.heat.len() - 1]);
        assert_eq!(theme.heat_colour(f32::NAN), theme.heat_colour(0.0));
    }
}
