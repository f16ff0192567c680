//! JSON for programs: a list of `{"report": …, "differences": […]}`, the report as in its file.

use super::shown::Shown;

/// All reports as one text.
///
/// # Errors
///
/// Why it cannot be written.
pub fn json(reports: &[Shown]) -> Result<String, String> {
    let text = serde_json::to_string_pretty(reports).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}
