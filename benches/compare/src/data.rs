//! Matrices in NumPy's `.npy` format.

use crate::Outcome;
use half::f16;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Length to which NumPy pads what comes before the numbers.
const ALIGNMENT: usize = 64;

/// Rows of equal width.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix<T> {
    pub(crate) width: usize,
    pub(crate) flat: Vec<T>,
}

impl<T> Matrix<T> {
    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, T> {
        self.flat.chunks_exact(self.width)
    }

    pub(crate) fn row(&self, row: usize) -> Option<&[T]> {
        self.flat.get(row * self.width..(row + 1) * self.width)
    }

    pub(crate) fn len(&self) -> usize {
        self.flat.len() / self.width
    }
}

impl Matrix<f32> {
    /// Makes every row one long; a row of zeros stays.
    pub(crate) fn normalise(&mut self) {
        for row in self.flat.chunks_exact_mut(self.width) {
            let length = row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
            }
        }
    }

    /// Tells collections apart.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.width.hash(&mut hasher);
        self.flat.iter().for_each(|value| value.to_bits().hash(&mut hasher));
        hasher.finish()
    }
}

/// The file of this name in whichever of the known formats is there.
pub(crate) fn find(folder: &Path, name: &str) -> Outcome<PathBuf> {
    let names = ["npy", "f32.npy", "f16.npy"].map(|ending| format!("{name}.{ending}"));
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| format!("{} has none of {}", folder.display(), names.join(", ")).into())
}

/// Vectors from a file of 16- or 32-bit floats.
pub(crate) fn vectors(path: &Path) -> Outcome<Matrix<f32>> {
    read(path, |kind, bytes| match kind {
        "<f4" => Some(numbers(bytes, f32::from_le_bytes)),
        "<f2" => Some(numbers(bytes, |bytes| f16::from_le_bytes(bytes).to_f32())),
        _ => None,
    })
}

/// Row numbers from a file of 32-bit integers.
pub(crate) fn row_numbers(path: &Path) -> Outcome<Matrix<u32>> {
    read(path, |kind, bytes| (kind == "<u4").then(|| numbers(bytes, u32::from_le_bytes)))
}

pub(crate) fn write_vectors(path: &Path, matrix: &Matrix<f32>) -> Outcome {
    write(path, "<f4", matrix, |value| value.to_le_bytes())
}

pub(crate) fn write_row_numbers(path: &Path, matrix: &Matrix<u32>) -> Outcome {
    write(path, "<u4", matrix, |value| value.to_le_bytes())
}

fn numbers<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
}

fn read<T>(path: &Path, numbers: impl FnOnce(&str, &[u8]) -> Option<Vec<T>>) -> Outcome<Matrix<T>> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&bytes, numbers).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn parse<T>(bytes: &[u8], numbers: impl FnOnce(&str, &[u8]) -> Option<Vec<T>>) -> Outcome<Matrix<T>> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("not a .npy file: it starts otherwise")?;
    // The first version has two bytes for the header's length, later ones four.
    let (length, rest) = match rest {
        [1, _, low, high, rest @ ..] => (usize::from(u16::from_le_bytes([*low, *high])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err("a .npy file of an unknown version; save it with NumPy 1 or later".into()),
    };
    let (header, body) = rest.split_at_checked(length).ok_or("cut off within its header")?;
    let header = std::str::from_utf8(header)?;
    let field = |name: &str| Some(header.split_once(&format!("'{name}':"))?.1.trim_start());
    if !field("fortran_order").is_some_and(|order| order.starts_with("False")) {
        return Err("stored by columns; save numpy.ascontiguousarray of it".into());
    }
    let shape =
        field("shape").and_then(|shape| shape.strip_prefix('(')?.split_once(')')).map_or("", |(shape, _)| shape);
    let sizes: Vec<usize> = shape.split(',').filter_map(|size| size.trim().parse().ok()).collect();
    let (rows, width) = match *sizes.as_slice() {
        [rows, width] if width > 0 => (rows, width),
        _ => return Err(format!("of shape ({shape}) where rows and columns are needed").into()),
    };
    let kind = field("descr").and_then(|kind| kind.split('\'').nth(1)).unwrap_or("a record");
    let flat = numbers(kind, body).ok_or_else(|| format!("holds {kind}, which is not of a kind that is read here"))?;
    if rows.checked_mul(width) != Some(flat.len()) {
        return Err(format!("says {rows} rows of {width} but holds {} numbers", flat.len()).into());
    }
    Ok(Matrix { width, flat })
}

fn write<T: Copy>(path: &Path, kind: &str, matrix: &Matrix<T>, bytes: impl Fn(T) -> [u8; 4]) -> Outcome {
    let shape = format!("({}, {})", matrix.len(), matrix.width);
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}").into_bytes();
    let before = MAGIC.len() + 4;
    header.resize((before + header.len() + 1).next_multiple_of(ALIGNMENT) - before - 1, b' ');
    header.push(b'\n');
    let mut file = BufWriter::new(File::create(path).map_err(|error| format!("{}: {error}", path.display()))?);
    file.write_all(MAGIC)?;
    file.write_all(&[1, 0])?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(&header)?;
    for value in &matrix.flat {
        file.write_all(&bytes(*value))?;
    }
    Ok(file.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, body: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [MAGIC, &[1, 0], length.as_slice(), header.as_bytes(), body].concat()
    }

    fn floats(bytes: &[u8]) -> Outcome<Matrix<f32>> {
        parse(bytes, |kind, bytes| (kind == "<f4").then(|| numbers(bytes, f32::from_le_bytes)))
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("base.npy");
        let matrix = Matrix { width: 3, flat: vec![1.0, 2.0, 3.0, -4.0, 0.5, 0.0] };
        write_vectors(&path, &matrix).expect("a working disk");
        assert_eq!(vectors(&path).expect("a valid file"), matrix);
        let header = std::fs::read(&path).expect("the file").len() - 4 * matrix.flat.len();
        assert_eq!(header % ALIGNMENT, 0);
        assert_eq!(find(folder.path(), "base").expect("the file"), path);
        assert!(find(folder.path(), "queries").is_err());
    }

    #[test]
    fn halves_are_widened() {
        let body = [f16::from_f32(0.5), f16::from_f32(-2.0)].map(f16::to_le_bytes).concat();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("base.f16.npy");
        let header = "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }\n";
        std::fs::write(&path, npy(header, &body)).expect("a working disk");
        assert_eq!(vectors(&path).expect("a valid file"), Matrix { width: 2, flat: vec![0.5, -2.0] });
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        let two = [0; 8];
        for (bytes, reason) in [
            (b"PNG".to_vec(), "not a .npy"),
            (npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", &two), "by columns"),
            (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", &two), "shape (2,)"),
            (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", &two), "<f8"),
            (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", &two), "holds 2 numbers"),
        ] {
            let error = floats(&bytes).expect_err("an invalid file").to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn rows_become_one_long() {
        let mut matrix = Matrix { width: 2, flat: vec![3.0, 4.0, 0.0, 0.0] };
        matrix.normalise();
        assert_eq!(matrix.flat, [0.6, 0.8, 0.0, 0.0]);
        assert_eq!(matrix.row(1), Some([0.0, 0.0].as_slice()));
    }
}
