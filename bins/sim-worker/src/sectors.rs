//! The value of `--sectors`.

use std::str::FromStr;

use sector_redis::SectorId;

/// Maximum number of sectors of a worker: each is a world in memory and a loop.
pub const SECTORS_MAX: usize = 64;

/// Distinct sectors; `None` is the one without an id, called `default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorList(Vec<Option<SectorId>>);

impl SectorList {
    /// Sectors, in the given order.
    #[must_use]
    pub fn sectors(&self) -> &[Option<SectorId>] {
        &self.0
    }
}

impl From<Option<SectorId>> for SectorList {
    fn from(only: Option<SectorId>) -> SectorList {
        SectorList(vec![only])
    }
}

impl FromStr for SectorList {
    type Err = String;

    fn from_str(text: &str) -> Result<SectorList, String> {
        let mut sectors = Vec::new();
        for name in text.split(',') {
            let sector = SectorId::parse_name(name.trim()).map_err(|error| error.to_string())?;
            if sectors.contains(&sector) {
                return Err(format!("{} is named twice", SectorId::name(sector.as_ref())));
            }
            sectors.push(sector);
        }
        if sectors.len() > SECTORS_MAX {
            return Err(format!(
                "{} sectors are named, at most {SECTORS_MAX} are allowed",
                sectors.len()
            ));
        }
        Ok(SectorList(sectors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_each_sector_once() {
        let list: SectorList = "north, default,south-2".parse().unwrap();
        let names: Vec<&str> =
            list.sectors().iter().map(|id| SectorId::name(id.as_ref())).collect();
        assert_eq!(names, ["north", "default", "south-2"]);
        assert_eq!(list.sectors()[1], None);
        for (text, part) in [
            ("", "sector id"),
            ("a,,b", "sector id"),
            ("a,B", "\"B\""),
            ("a,b,a", "a is named twice"),
        ] {
            let error = text.parse::<SectorList>().unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
        let many = |count: usize| {
            (0..count).map(|number| format!("s{number}")).collect::<Vec<_>>().join(",")
        };
        assert!(many(SECTORS_MAX).parse::<SectorList>().is_ok());
        assert!(many(SECTORS_MAX + 1).parse::<SectorList>().unwrap_err().contains("at most 64"));
    }
}
