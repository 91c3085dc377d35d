//! What stands in a cell: how it is written as text, and read back. By hand, because derived readers were a fifth of the
//! module, and a serializer, which looks at each character for one to escape, half of a payment's time.
//!
//! Members that are not known are passed over; one that is missing is damage, but where nothing stands for it.

use std::borrow::Cow;

use crate::json::{Json, write_text};

/// What does not read as it should: the innermost member's name, or its kind.
pub type Damage = &'static str;

/// A value that stands in a cell.
pub trait Stored: Sized {
    /// Reads it back.
    ///
    /// # Errors
    /// What is damaged.
    fn restore(json: &Json) -> Result<Self, Damage>;

    /// Writes it as JSON. What is written reads back as the same.
    fn write(&self, out: &mut String);

    /// What stands for a member that is left out, where one may be.
    #[must_use]
    fn left_out() -> Option<Self> {
        None
    }

    /// Whether a record leaves it out.
    fn is_left_out(&self) -> bool {
        false
    }
}

/// A member of an object.
///
/// # Errors
/// What is damaged in it, or its name if it is missing.
pub fn member<T: Stored>(json: &Json, name: &'static str) -> Result<T, Damage> {
    match json.get(name) {
        Some(value) => T::restore(value),
        None => T::left_out().ok_or(name),
    }
}

/// Writes members or items between two brackets, a comma after each but the last.
pub fn between(out: &mut String, brackets: [char; 2], write: impl FnOnce(&mut String)) {
    let [open, close] = brackets;
    out.push(open);
    write(out);
    if out.ends_with(',') {
        out.pop();
    }
    out.push(close);
}

/// Whole numbers.
macro_rules! numbers {
    ($($name:ident)*) => {$(
        impl Stored for $name {
            fn restore(json: &Json) -> Result<Self, Damage> {
                json.as_u64().and_then(|number| Self::try_from(number).ok()).ok_or("a number")
            }

            fn write(&self, out: &mut String) {
                out.push_str(itoa::Buffer::new().format(*self));
            }
        }
    )*};
}

numbers! { u8 u64 usize }

impl Stored for Json {
    fn restore(json: &Json) -> Result<Self, Damage> {
        Ok(json.clone())
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.as_written());
    }
}

impl Stored for bool {
    fn restore(json: &Json) -> Result<Self, Damage> {
        match json {
            Json::Bool(value) => Ok(*value),
            _ => Err("a boolean"),
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Stored for String {
    fn restore(json: &Json) -> Result<Self, Damage> {
        json.as_str().map(str::to_owned).ok_or("a text")
    }

    fn write(&self, out: &mut String) {
        write_text(self, out);
    }
}

impl Stored for Cow<'static, str> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        String::restore(json).map(Cow::Owned)
    }

    fn write(&self, out: &mut String) {
        write_text(self, out);
    }
}

impl<T: Stored> Stored for Option<T> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        if *json == Json::Null { Ok(None) } else { T::restore(json).map(Some) }
    }

    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn left_out() -> Option<Self> {
        Some(None)
    }

    fn is_left_out(&self) -> bool {
        self.is_none()
    }
}

impl<T: Stored> Stored for Box<T> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        T::restore(json).map(Self::new)
    }

    fn write(&self, out: &mut String) {
        T::write(self, out);
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        let mut items = Self::new();
        for item in json.as_array().ok_or("a list")? {
            items.push(T::restore(item)?);
        }
        Ok(items)
    }

    fn write(&self, out: &mut String) {
        between(out, ['[', ']'], |out| {
            for item in self {
                item.write(out);
                out.push(',');
            }
        });
    }
}
