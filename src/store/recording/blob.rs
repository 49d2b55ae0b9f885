//! Numbers as bytes: compressed columns, and seals by which damage is noticed before it is shown as a measurement.

use pco::ChunkConfig;
use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress_into};

/// Below this many numbers compression gains less than its own header costs.
const WORTH_COMPRESSING: usize = 16;
const PLAIN: u8 = 0;
const PCO: u8 = 1;
const SEAL_BYTES: usize = 8;

/// A number that fits a column.
pub(super) trait Cell: Number {
    /// Width in bytes.
    const BYTES: usize;
    /// Appends its little-endian bytes.
    fn put(self, out: &mut Vec<u8>);
    /// Reads it from [`Self::BYTES`] bytes.
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! cells {
    ($($number:ty),*) => {$(
        impl Cell for $number {
            const BYTES: usize = size_of::<$number>();
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn get(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$number>()];
                array.copy_from_slice(bytes);
                Self::from_le_bytes(array)
            }
        }
    )*};
}

cells!(u32, i64, f64);

/// Appends a column: its length in bytes, how it is written, and the numbers.
pub(super) fn put_column<T: Cell>(out: &mut Vec<u8>, numbers: &[T], config: &ChunkConfig) {
    let compressed = match numbers.len() >= WORTH_COMPRESSING {
        // It fails on a wrong configuration only, and plain bytes are always right.
        true => simple_compress(numbers, config).ok(),
        false => None,
    };
    match compressed.filter(|bytes| bytes.len() < numbers.len() * T::BYTES) {
        Some(bytes) => {
            (bytes.len() as u32 + 1).put(out);
            out.push(PCO);
            out.extend_from_slice(&bytes);
        }
        None => {
            ((numbers.len() * T::BYTES) as u32 + 1).put(out);
            out.push(PLAIN);
            numbers.iter().for_each(|number| number.put(out));
        }
    }
}

/// Takes a column of exactly `count` numbers off the front of `bytes`; `None` if there is no such column.
///
/// `count` must have been checked against a limit: it is allocated at once.
pub(super) fn take_column<T: Cell>(bytes: &mut &[u8], count: usize) -> Option<Vec<T>> {
    let (length, rest) = bytes.split_at_checked(u32::BYTES)?;
    let (column, rest) = rest.split_at_checked(u32::get(length) as usize)?;
    *bytes = rest;
    let (&how, body) = column.split_first()?;
    match how {
        PLAIN if body.len() == count.checked_mul(T::BYTES)? => Some(body.chunks_exact(T::BYTES).map(T::get).collect()),
        PCO => {
            let mut numbers = vec![T::default(); count];
            let progress = simple_decompress_into(body, &mut numbers).ok()?;
            (progress.finished && progress.n_processed == count).then_some(numbers)
        }
        _ => None,
    }
}

/// Appends a seal over the bytes and over the row's own columns, which must come along unchanged.
pub(super) fn seal(mut bytes: Vec<u8>, context: &[i64]) -> Vec<u8> {
    let seal = checksum(&bytes, context);
    bytes.extend_from_slice(&seal.to_le_bytes());
    bytes
}

/// The bytes under a seal; `None` if they or the context are not what was sealed.
pub(super) fn unseal<'a>(sealed: &'a [u8], context: &[i64]) -> Option<&'a [u8]> {
    let (bytes, seal) = sealed.split_at_checked(sealed.len().checked_sub(SEAL_BYTES)?)?;
    (seal == checksum(bytes, context).to_le_bytes()).then_some(bytes)
}

/// The seal of a row of `series`: values must not come to belong to somebody else.
pub(super) fn series_seal(id: u32, entity: u32, metric: i64) -> i64 {
    checksum(&[], &[i64::from(id), i64::from(entity), metric]) as i64
}

/// Multiply and rotate, word by word. It finds accidents, not forgeries: a forged recording can state anything anyway.
fn checksum(bytes: &[u8], context: &[i64]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(ODD).rotate_left(29);
    let words = bytes.chunks_exact(8);
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    let sum = context.iter().fold(bytes.len() as u64, |sum, &word| step(sum, word as u64));
    let sum = words.fold(sum, |sum, word| step(sum, i64::get(word) as u64));
    step(step(sum, u64::from_le_bytes(last)), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T: Cell + PartialEq + std::fmt::Debug>(numbers: &[T]) {
        let mut bytes = Vec::new();
        put_column(&mut bytes, numbers, &ChunkConfig::default());
        put_column(&mut bytes, &[7u32], &ChunkConfig::default());
        let mut rest = bytes.as_slice();
        assert_eq!(take_column::<T>(&mut rest, numbers.len()).as_deref(), Some(numbers));
        assert_eq!(take_column::<u32>(&mut rest, 1), Some(vec![7]));
        assert!(rest.is_empty());
        let mut rest = bytes.as_slice();
        assert_eq!(take_column::<T>(&mut rest, numbers.len() + 1), None, "a wrong count is noticed");
    }

    #[test]
    fn columns_read_back_as_written() {
        round_trip::<f64>(&[]);
        round_trip(&[1.5, -0.0, f64::MAX]);
        round_trip(&(0..5000).map(|n| f64::from(n * 4096)).collect::<Vec<_>>());
        round_trip(&[i64::MIN, 0, i64::MAX]);
        round_trip(&(0..300u32).map(|n| n.wrapping_mul(2_654_435_761)).collect::<Vec<_>>());
    }

    #[test]
    fn a_seal_notices_every_flipped_bit() {
        let sealed = seal((0..37).collect(), &[3, -1]);
        assert!(unseal(&sealed, &[3, -1]).is_some());
        assert!(unseal(&sealed, &[3, -2]).is_none());
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal(&flipped, &[3, -1]).is_none(), "bit {bit}");
        }
        assert!(unseal(&sealed[..5], &[3, -1]).is_none());
    }

    #[test]
    fn garbage_is_no_column() {
        let mut state = 1u64;
        let good = {
            let mut bytes = Vec::new();
            let numbers: Vec<f64> = (0..700).map(|n| (f64::from(n) * 0.01).sin()).collect();
            put_column(&mut bytes, &numbers, &ChunkConfig::default());
            bytes
        };
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] ^= (state >> 20) as u8;
            }
            // Whatever comes out has the length that was asked for; nothing panics.
            if let Some(numbers) = take_column::<f64>(&mut bytes.as_slice(), 700) {
                assert_eq!(numbers.len(), 700);
            }
        }
    }
}
