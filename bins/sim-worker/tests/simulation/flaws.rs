//! Bugs planted on purpose: in the store, and on the way to it or in its callers.

use store_testkit::Flaw;

/// A bug on the client's side of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkFlaw {
    /// A client that hears nothing tells its user that the order was accepted.
    ReceiptBeforeTheWrite,
    /// A read of several order entries loses the first.
    ReadSkips,
    /// The orders of an entry are carried out in the wrong order.
    ReadTurned,
    /// A commit sometimes writes the events but not the cursor.
    HalfCommit,
    /// Orders of a universe that ended are passed over without a word.
    SilentPassing,
    /// The last tick of a run is committed without the end.
    LosesEnd,
    /// A commit names a digest that is not that of the world.
    AnotherDigest,
    /// Some commits are written without the outcomes of their entries.
    OutcomesLost,
    /// The outcome of an entry is replaced by that of the one before.
    OutcomesMistold,
    /// The worker is not told who holds a seat.
    SeatsUnseen,
    /// A backup is put back, and the history keeps its incarnation.
    RestoredUnmarked,
}

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    Store(Flaw),
    Link(LinkFlaw),
}

impl Planted {
    pub(crate) fn all() -> Vec<Planted> {
        let links = [
            LinkFlaw::ReceiptBeforeTheWrite,
            LinkFlaw::ReadSkips,
            LinkFlaw::ReadTurned,
            LinkFlaw::HalfCommit,
            LinkFlaw::SilentPassing,
            LinkFlaw::LosesEnd,
            LinkFlaw::AnotherDigest,
            LinkFlaw::OutcomesLost,
            LinkFlaw::OutcomesMistold,
            LinkFlaw::SeatsUnseen,
            LinkFlaw::RestoredUnmarked,
        ];
        Flaw::ALL
            .into_iter()
            .map(Planted::Store)
            .chain(links.into_iter().map(Planted::Link))
            .collect()
    }
}
