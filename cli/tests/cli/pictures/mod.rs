//! Pictures, read as a person reads them: by their axes.

pub(crate) mod browser;

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::Folder;

/// The first hour, 2024-01-03 00:00.
const BEGIN: i64 = 1_704_240_000;

/// A place in a picture: pixels from the left and from the top.
pub(crate) type Place = (f64, f64);

/// Stores rows at these hours, whose values are ten times the hour.
pub(crate) fn hourly(folder: &Folder, uuid: &str, name: &str, hours: &[i64], provider: &str) {
    let payload = |hour: &i64| {
        let stream = serde_json::json!({"uuid": uuid, "name": name});
        let seconds = (BEGIN + hour * 3_600).to_string();
        let value = (10 * hour).to_string();
        let payload = serde_json::json!({"value": value, "observed_at": seconds, "stream": stream});
        format!("{payload}\n")
    };
    let payloads: String = hours.iter().map(payload).collect();
    let args = ["ingest", "engine.db", "--provider", provider];
    let ran = folder.feed(&args, payloads.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// Returns an hour as JSON prints it.
pub(crate) fn at(hour: i64) -> String {
    format!("2024-01-{:02}T{:02}:00:00Z", 3 + hour / 24, hour % 24)
}

/// Returns text without what colours it.
pub(crate) fn plain(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('m').map_or("", |(_, text)| text));
    rest.fold(first, |text, part| text + part)
}

/// An SVG of one panel.
pub(crate) struct Drawn {
    elements: Vec<Element>,
}

struct Element {
    name: String,
    classes: Vec<String>,
    places: Vec<Place>,
    text: String,
}

impl Drawn {
    /// Reads a file, which must be well-formed XML.
    pub(crate) fn read(path: &Path) -> Self {
        let svg = fs::read_to_string(path).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(
            root.tag_name().namespace(),
            Some("http://www.w3.org/2000/svg")
        );
        let elements = root.children().filter(roxmltree::Node::is_element);
        let elements = elements.map(|node| {
            let number = |name| {
                node.attribute(name)
                    .and_then(|text: &str| text.parse().ok())
            };
            let lone = number("cx")
                .zip(number("cy"))
                .or(number("x").zip(number("y")));
            let places = node.attribute("d").map(path_places);
            let classes = node.attribute("class").unwrap_or_default();
            Element {
                name: node.tag_name().name().to_owned(),
                classes: classes.split(' ').map(str::to_owned).collect(),
                places: places.unwrap_or_else(|| lone.into_iter().collect()),
                text: node.text().unwrap_or_default().to_owned(),
            }
        });
        Self {
            elements: elements.collect(),
        }
    }

    /// Returns the places of paths of both classes.
    fn paths(&self, kind: &str, class: &str) -> Vec<Vec<Place>> {
        let has = |element: &&Element, class: &str| element.classes.iter().any(|one| one == class);
        let paths = self
            .elements
            .iter()
            .filter(|path| has(path, kind) && has(path, class));
        paths.map(|path| path.places.clone()).collect()
    }

    pub(crate) fn lines(&self, class: &str) -> Vec<Vec<Place>> {
        self.paths("line", class)
    }

    pub(crate) fn areas(&self, class: &str) -> Vec<Vec<Place>> {
        self.paths("area", class)
    }

    /// Returns the dots and their classes.
    pub(crate) fn dots(&self) -> Vec<(String, Place)> {
        let dots = self
            .elements
            .iter()
            .filter(|element| element.name == "circle");
        dots.map(|dot| (dot.classes[1].clone(), dot.places[0]))
            .collect()
    }

    pub(crate) fn texts(&self) -> Vec<(String, Place)> {
        let texts = self
            .elements
            .iter()
            .filter(|element| element.name == "text");
        texts
            .map(|text| (text.text.clone(), text.places[0]))
            .collect()
    }

    /// Returns the left end of the lines of the axis of values.
    pub(crate) fn left(&self) -> f64 {
        let grid = self.lines("grid");
        let level = grid.iter().find(|line| line[0].1 == line[1].1).unwrap();
        level[0].0
    }

    /// Returns the labels of the axis of values.
    pub(crate) fn labels_of_values(&self) -> Vec<(String, Place)> {
        let left = self.left();
        let labels = self.texts().into_iter();
        labels
            .filter(|(text, place)| place.0 < left && text.parse::<f64>().is_ok())
            .collect()
    }

    /// Returns the value at a place, by two labels of the axis.
    pub(crate) fn value(&self, place: Place) -> f64 {
        let labels = self.labels_of_values();
        let [(low, (_, low_y)), .., (high, (_, high_y))] = &labels[..] else {
            panic!("{labels:?}")
        };
        let (low, high): (f64, f64) = (low.parse().unwrap(), high.parse().unwrap());
        // A label stands four pixels below its line.
        low + (high - low) * (place.1 + 4.0 - low_y) / (high_y - low_y)
    }

    /// Returns the hour and the value at a place; the hour by two labels of the axis of time.
    pub(crate) fn row(&self, place: Place) -> (i64, i64) {
        let x = |label: &str| {
            let texts = self.texts();
            texts.iter().find(|(text, _)| text == label).unwrap().1.0
        };
        let (six, midnight) = (x("06:00"), x("2024-01-04"));
        let hour = 6.0 + 18.0 * (place.0 - six) / (midnight - six);
        assert!((hour - hour.round()).abs() < 0.05, "{hour}");
        (hour.round() as i64, self.value(place).round() as i64)
    }
}

/// Returns the places of a path of `M`, `L` and `z`.
fn path_places(path: &str) -> Vec<Place> {
    let places = path.trim_end_matches('z').split(['M', 'L']).skip(1);
    let place = |text: &str| {
        let (x, y) = text.split_once(' ').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    places.map(place).collect()
}

/// Compares a picture with the one that is kept, or keeps it if `SATORI_STORE_WRITE_PICTURES`
/// is set: look at it then.
pub(crate) fn compare(found: &Path, name: &str) {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cli/pictures")
        .join(name);
    if std::env::var_os("SATORI_STORE_WRITE_PICTURES").is_some() {
        fs::copy(found, &kept).unwrap();
        return;
    }
    let [found, expected] = [found, &kept].map(|path| fs::read(path).unwrap());
    if !name.ends_with(".png") {
        let [found, expected] = [found, expected].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(found, expected, "{}", kept.display());
        return;
    }
    let [found, expected] =
        [found, expected].map(|png| tiny_skia::Pixmap::decode_png(&png).unwrap());
    assert_eq!(
        (found.width(), found.height()),
        (expected.width(), expected.height())
    );
    let pairs = found.data().iter().zip(expected.data());
    // Another processor may round another way.
    let other = pairs.filter(|(a, b)| a.abs_diff(**b) > 24).count();
    assert!(
        other < found.data().len() / 2_000,
        "{other} of {}",
        found.data().len()
    );
}
