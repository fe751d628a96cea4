//! What the encoder inside sees, on the pictures of the example notes, none of which taught it anything.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use image::imageops::{FilterType, crop_imm, grayscale, resize};
use image::{ImageFormat, Rgb, RgbImage};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use uninote::{Index, Note, Picture, Query, SearchOptions};

/// All example pictures, and what the notes say that each shows.
const SHOWN: [(&str, &str); 19] = [
    ("apple-tree", "An apple tree with red apples"),
    ("bar-chart", "A bar chart with bars that grow faster and faster"),
    ("benzene", "Model of a benzene molecule: six carbon and six hydrogen atoms around a ring"),
    ("bicycle", "A red touring bicycle with a chain drive"),
    ("bread", "A crusty loaf, freshly sliced"),
    ("chess-board", "A chess board after both king's pawns and the white knight have moved"),
    ("fish", "An orange fish with white bands among water plants"),
    ("flags", "The flags of France, Germany, Japan and Sweden"),
    ("guitar", "An acoustic guitar"),
    ("house", "A small house with a red roof"),
    ("lighthouse", "A striped lighthouse at night with its beam over the sea"),
    ("moon-phases", "The eight phases of the moon from new to full and back"),
    ("mount-fuji", "Cherry branches and snow-covered Mount Fuji"),
    ("piano-keys", "One octave of piano keys"),
    ("sailing-boat", "A small sailing boat with a white and a red sail"),
    ("solar-system", "The sun and the eight planets on their orbits"),
    ("swallow", "A barn swallow in flight with long forked tail"),
    ("tomato-plant", "A tomato plant with ripe fruit in a clay pot"),
    ("volcano", "A volcano that throws out glowing lava"),
];

fn pictures() -> Vec<(String, RgbImage)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notes/pictures");
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (name(path), image::open(path).unwrap().to_rgb8())).collect()
}

fn file(picture: &RgbImage, format: ImageFormat) -> Picture {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    Picture::bytes(bytes.into_inner())
}

/// Notes that are nothing but a picture.
fn album(pictures: &[(String, RgbImage)]) -> Index {
    let index = Index::in_memory().unwrap();
    for (name, picture) in pictures {
        index.add(Note::new(name).picture(file(picture, ImageFormat::Png))).unwrap();
    }
    index.commit().unwrap();
    index
}

fn half(picture: &RgbImage) -> RgbImage {
    resize(picture, picture.width() / 2, picture.height() / 2, FilterType::Triangle)
}

fn middle(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    crop_imm(picture, width / 10, height / 10, width * 4 / 5, height * 4 / 5).to_image()
}

fn grey(picture: &RgbImage) -> RgbImage {
    let levels = grayscale(picture);
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| Rgb([levels.get_pixel(x, y).0[0]; 3]))
}

fn brighter(picture: &RgbImage) -> RgbImage {
    let mut picture = picture.clone();
    picture.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|level| level.saturating_add(level / 3)));
    picture
}

/// With a black bar where a caption would be.
fn captioned(picture: &RgbImage) -> RgbImage {
    let mut picture = picture.clone();
    let top = picture.height() * 5 / 6;
    picture.enumerate_pixels_mut().filter(|(_, y, _)| *y >= top).for_each(|(.., pixel)| pixel.0 = [0; 3]);
    picture
}

#[test]
fn a_note_is_found_by_a_changed_form_of_its_picture() {
    let pictures = pictures();
    let index = album(&pictures);
    let changes: [fn(&RgbImage) -> RgbImage; 5] = [half, middle, grey, brighter, captioned];
    let (mut found, mut asked, mut lost) = (0, 0, Vec::new());
    for (name, picture) in &pictures {
        for (number, change) in changes.iter().enumerate() {
            let query = Query::picture(file(&change(picture), ImageFormat::Jpeg));
            let answer = index.search(query, &SearchOptions::new().k(1)).unwrap();
            asked += 1;
            match answer.hits[0].id == *name {
                true => found += 1,
                false => lost.push((name, number)),
            }
        }
    }
    assert!(found * 20 >= asked * 19, "{found} of {asked}; not {lost:?}");
}

#[test]
fn a_picture_is_found_by_what_it_shows() {
    let pictures = pictures();
    let index = album(&pictures);
    let mut found = 0;
    for (name, words) in SHOWN {
        let answer = index.search(words, &SearchOptions::new().k(pictures.len() / 3)).unwrap();
        found += usize::from(answer.hits.iter().any(|hit| hit.id == name));
    }
    // By chance six of the nineteen are, eleven in one case of sixty.
    assert!(found > 10, "{found} of {}", SHOWN.len());
}
