// A driver: it puts your parser of Handfast under the control of the suite. One JSON object a line comes on stdin, one answer a
// line goes to stdout, nothing else does. What it does not know it answers with "unsupported", and never guesses.
//
// Go on at decode_frame. `handfast conform next` says what comes next.
use std::collections::HashMap;
use std::io::{self, BufRead, Write};

const HEADER: usize = 16; // bytes
const TRAILER: usize = 4;
const PING: u8 = 0x02;

const UNSUPPORTED: &str = r#""answer":"unsupported""#;
const MORE: &str = r#""answer":"more""#; // good so far, and not whole

/// CRC-32C: reflected polynomial 82F63B78, initial value and final exclusive-or FFFFFFFF.
fn crc32c(parts: &[&[u8]]) -> u32 {
    let mut crc = !0u32;
    for byte in parts.concat() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 };
        }
    }
    !crc
}

fn u32_at(b: &[u8], at: usize) -> u32 { u32::from_be_bytes(b[at..at + 4].try_into().unwrap()) }
fn u64_at(b: &[u8], at: usize) -> u64 { u64::from_be_bytes(b[at..at + 8].try_into().unwrap()) }

fn reject(code: &str) -> String {
    format!(r#""answer":"reject","code":"{code}","scope":"link""#)
}

/// Parses the frame at the beginning of b (SPEC.md chapter 8). The order of the checks is that of chapter 14.
fn decode_frame(b: &[u8]) -> String {
    if b.len() < HEADER {
        return MORE.into();
    }
    if crc32c(&[&b[..12]]) != u32_at(b, 12) {
        return reject("HEADER_CRC"); // FRAME-001
    }
    let (kind, length, stream) = (b[0], u32_at(b, 4) as usize, u32_at(b, 8));
    // Here: types 00 and FF, then length over max_frame (FRAME-004, FRAME-003).
    let end = HEADER + length;
    let size = if length > 0 { end + TRAILER } else { end };
    if b.len() < size {
        return MORE.into();
    }
    let payload = &b[HEADER..end];
    if length > 0 && crc32c(&[&b[..12], payload]) != u32_at(b, end) {
        return reject("PAYLOAD_CRC"); // FRAME-002
    }
    // Here: unknown types, frames on the wrong stream, payloads of the wrong size, and all the other types.
    if kind != PING || stream != 0 || length != 24 {
        return UNSUPPORTED.into();
    }
    let (echo, t1, err_us) = (u64_at(payload, 0), u64_at(payload, 8) as i64, u32_at(payload, 16));
    let value = format!(r#"{{"frame":"PING","echo":"{echo}","t1":"{t1}","err_us":"{err_us}"}}"#); // integers are decimal texts
    format!(r#""answer":"accept","value":{value},"consumed":"{size}""#)
}

fn decode(request: &HashMap<String, String>) -> String {
    let hex = request.get("hex").map_or("", String::as_str);
    let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok()).collect();
    match (request.get("what").map(String::as_str), bytes) {
        (Some("frame"), Some(b)) => decode_frame(&b),
        _ => UNSUPPORTED.into(), // msgpack, opening and call are yours
    }
}

fn answer(request: &HashMap<String, String>) -> String {
    match request.get("op").map(String::as_str) {
        Some("hello") => concat!(
            r#""answer":"hello","driver":"1","impl":"my-handfast","version":"0.0.1","#,
            r#""roles":["codec"],"spec":["1"],"features":[]"#
        ).into(),
        Some("reset" | "bye") => r#""answer":"ok""#.into(), // reset forgets everything; there is nothing yet
        Some("decode") => decode(request),
        _ => UNSUPPORTED.into(),
    }
}

/// Reads an object whose values are texts without quotes in them, as all are that a codec is sent (but for encode, see DRIVER.md).
fn members(line: &str) -> HashMap<String, String> {
    let texts: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    texts.chunks_exact(2).map(|pair| (pair[0].to_string(), pair[1].to_string())).collect()
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let request = members(&line?);
        let id = request.get("id").map_or("", String::as_str);
        writeln!(out, r#"{{"id":"{id}",{}}}"#, answer(&request))?;
        out.flush()?;
        if request.get("op").is_some_and(|op| op == "bye") { break }
    }
    Ok(())
}
