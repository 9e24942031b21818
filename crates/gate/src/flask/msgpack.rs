//! msgpack as msgspec writes it for Flask-Session.

use rmpv::ValueRef;
use rmpv::decode::read_value_ref_with_max_depth;
use time::{Duration, OffsetDateTime};

use super::value::{Map, Value};
use super::{DEPTH, Fault};

const NOT_MSGPACK: Fault = Fault::Content("it is neither msgpack nor JSON");

/// Reads one value, which must be all there is.
pub(super) fn read(mut bytes: &[u8]) -> Result<Value, Fault> {
    // rmpv counts each list twice: as a value, and as a list.
    let read = read_value_ref_with_max_depth(&mut bytes, 2 * DEPTH);
    let value = read.map_err(|_| NOT_MSGPACK)?;
    if bytes.is_empty() {
        convert(value)
    } else {
        Err(NOT_MSGPACK)
    }
}

fn convert(value: ValueRef<'_>) -> Result<Value, Fault> {
    Ok(match value {
        ValueRef::Nil => Value::Null,
        ValueRef::Boolean(value) => Value::Bool(value),
        ValueRef::Integer(value) => {
            let wide = value.as_i64().map(i128::from);
            Value::Int(wide.or(value.as_u64().map(i128::from)).ok_or(NOT_MSGPACK)?)
        }
        ValueRef::F32(value) => Value::Float(value.into()),
        ValueRef::F64(value) => Value::Float(value),
        ValueRef::String(text) => Value::Text(text.into_str().ok_or(NOT_MSGPACK)?.to_owned()),
        ValueRef::Array(items) => {
            Value::List(items.into_iter().map(convert).collect::<Result<_, _>>()?)
        }
        ValueRef::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                // Python's keys may be more than texts; no name that matters here is.
                let key = match convert(key)? {
                    Value::Text(key) => key,
                    Value::Int(key) => key.to_string(),
                    _ => continue,
                };
                map.insert(key, convert(value)?);
            }
            Value::Map(map)
        }
        ValueRef::Ext(-1, bytes) => Value::Time(timestamp(bytes).ok_or(NOT_MSGPACK)?),
        ValueRef::Binary(bytes) | ValueRef::Ext(_, bytes) => Value::Bytes(bytes.to_vec()),
    })
}

/// The timestamp extension (msgpack specification, timestamp 32, 64 and 96).
fn timestamp(bytes: &[u8]) -> Option<OffsetDateTime> {
    let (seconds, nanoseconds) = match bytes.len() {
        4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            let seconds = both & ((1 << 34) - 1);
            (
                i64::try_from(seconds).ok()?,
                u32::try_from(both >> 34).ok()?,
            )
        }
        12 => {
            let (nanoseconds, seconds) = bytes.split_at_checked(4)?;
            (
                i64::from_be_bytes(seconds.try_into().ok()?),
                u32::from_be_bytes(nanoseconds.try_into().ok()?),
            )
        }
        _ => return None,
    };
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    moment.checked_add(Duration::nanoseconds(nanoseconds.into()))
}
