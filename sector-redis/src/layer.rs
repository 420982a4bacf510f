//! Layers over a store, such as metrics: one hook around each operation, whatever its role.

use std::future::Future;
use std::time::Duration;

use crate::error::Result;
use crate::store::Store;

/// An operation of a store, as its layers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Name of the role's method.
    pub name: &'static str,
    /// Whether it changes the store.
    pub is_write: bool,
    /// How long it may wait for something to read.
    pub wait: Duration,
}

/// A store made of another one and a hook around each operation. [`forward`](crate::forward)
/// implements the roles for it.
pub trait Layer: Send + Sync + 'static {
    /// The store that carries out the operation.
    fn inner(&self, operation: Operation) -> &dyn Store;

    /// Runs the operation; `answer` is the call to [`inner`](Layer::inner).
    fn around<T: Send>(
        &self,
        operation: Operation,
        answer: impl Future<Output = Result<T>> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        let _ = operation;
        answer
    }
}

/// Implements roles for a [`Layer`]: `forward!(Layered: World, Status)`.
///
/// `forward!(owned Link: Status)` hands `Link::send(operation, call)` a call that owns its arguments
/// and can be repeated, for layers whose requests outlive the caller.
#[macro_export]
macro_rules! forward {
    (owned $layer:ty: $($role:ident),+) => { $($crate::role_methods!($role owned $layer);)+ };
    ($layer:ty: $($role:ident),+) => { $($crate::role_methods!($role borrowed $layer);)+ };
}

/// The methods of each role, for [`forward`](crate::forward).
#[doc(hidden)]
#[macro_export]
macro_rules! role_methods {
    (World $how:ident $layer:ty) => { $crate::forward_role! { $how $layer, World {
        write acquire_lease(holder: [ref str], ttl: [val ::std::time::Duration]) -> Option<$crate::Lease>;
        write renew_lease(lease: [ref $crate::Lease], ttl: [val ::std::time::Duration]) -> ();
        write release_lease(lease: [ref $crate::Lease]) -> ();
        write commit(commit: [ref $crate::Commit]) -> $crate::Committed;
    } } };
    (Status $how:ident $layer:ty) => { $crate::forward_role! { $how $layer, Status {
        read head() -> Option<$crate::Head>;
        read checkpoint() -> Option<$crate::Checkpoint>;
        read last_backup() -> Option<$crate::BackupNote>;
        read ping() -> ();
        + fn durability(&self) -> $crate::Durability {
            $crate::Layer::inner(self, $crate::operation!(read durability)).durability()
        }
    } } };
    (Runs $how:ident $layer:ty) => { $crate::forward_role! { $how $layer, Runs {
        read records(universe: [ref $crate::UniverseId], from_tick: [val u64], count: [val usize]) -> Vec<(u64, String)>;
        read replay_header(universe: [ref $crate::UniverseId]) -> Option<String>;
        read runs(count: [val usize]) -> Vec<$crate::Run>;
        read run(universe: [ref $crate::UniverseId]) -> Option<$crate::Run>;
        write record_award(award: [ref $crate::Award]) -> $crate::Recorded;
        read awards(after: [opt str], count: [val usize]) -> $crate::AwardPage;
        read award_count() -> u64;
    } } };
    (Orders $how:ident $layer:ty) => { $crate::forward_role! { $how $layer, Orders {
        write append_orders(batch: [ref $crate::OrderBatch]) -> $crate::Receipt;
        read orders_after(
            cursor: [val $crate::StreamId], count: [val usize], wait: [val ::std::time::Duration]
        ) -> Vec<$crate::OrderEntry>, wait;
        read order_backlog() -> u64;
        read order(id: [val $crate::StreamId]) -> Option<$crate::OrderStatus>;
        read orders_of(player: [ref str], count: [val usize]) -> Vec<$crate::OrderStatus>;
    } } };
    (Events $how:ident $layer:ty) => { $crate::forward_role! { $how $layer, Events {
        read events_from(
            from: [val $crate::Position], count: [val usize], wait: [val ::std::time::Duration]
        ) -> Vec<$crate::Event>, wait;
        read incarnation() -> $crate::Incarnation;
        write renew_incarnation() -> $crate::Incarnation;
    } } };
    (Claims $how:ident $layer:ty) => { $crate::forward_role! { $how $layer, Claims {
        write claim(
            universe: [ref $crate::UniverseId], faction: [ref str], player: [ref str], now_ms: [val u64], idle_ms: [val u64]
        ) -> $crate::ClaimOutcome;
        write release(universe: [ref $crate::UniverseId], player: [ref str]) -> Option<String>;
        write release_all(universe: [ref $crate::UniverseId]) -> u64;
        read claims(universe: [ref $crate::UniverseId], now_ms: [val u64], idle_ms: [val u64]) -> Vec<$crate::Claim>;
        write touch(
            universe: [ref $crate::UniverseId], player: [ref str], now_ms: [val u64], idle_ms: [val u64]
        ) -> Option<String>;
    } } };
    (Documents $how:ident $layer:ty) => { $crate::forward_role! { $how $layer, Documents {
        write insert_document(
            shelf: [val $crate::Shelf], document: [ref $crate::Document], now_ms: [val u64]
        ) -> bool;
        read document(
            shelf: [val $crate::Shelf], id: [ref str], now_ms: [val u64]
        ) -> Option<$crate::Document>;
        write replace_document(
            shelf: [val $crate::Shelf], expected_body: [ref str], document: [ref $crate::Document],
            now_ms: [val u64]
        ) -> bool;
        write remove_document(shelf: [val $crate::Shelf], id: [ref str]) -> Option<$crate::Document>;
        read documents_of(
            shelf: [val $crate::Shelf], owner: [ref str], now_ms: [val u64]
        ) -> Vec<$crate::Document>;
        write remove_documents_of(shelf: [val $crate::Shelf], owner: [ref str]) -> u64;
        write put_nonce(pool: [val $crate::Pool], key: [ref str], value: [ref str], ttl: [val ::std::time::Duration]) -> ();
        write take_nonce(pool: [val $crate::Pool], key: [ref str]) -> Option<String>;
    } } };
    (Control $how:ident $layer:ty) => { $crate::forward_role! { $how $layer, Control {
        write set_paused(paused: [val bool]) -> ();
        read paused() -> bool;
        write request_restart(seed: [val Option<u64>]) -> $crate::RestartRequest;
        read restart_request() -> Option<$crate::RestartRequest>;
        write append_audit(body: [ref str]) -> u64;
        read audit(after: [val u64], count: [val usize]) -> Vec<(u64, String)>;
    } } };
}

/// One role of a layer, for [`forward`](crate::forward). Arguments are `ref`erences, `val`ues or
/// `opt`ional references.
#[doc(hidden)]
#[macro_export]
macro_rules! forward_role {
    (borrowed $layer:ty, $role:ident { $(
        $mode:ident $name:ident($(
            $argument:ident: $([ref $reference:path])? $([val $value:ty])? $([opt $optional:path])?
        ),*) -> $output:ty $(, $wait:ident)?;
    )* $(+ $($durability:tt)*)? }) => {
        #[$crate::async_trait]
        impl $crate::$role for $layer {
            $(async fn $name(
                &self,
                $($argument: $(&$reference)? $($value)? $(Option<&$optional>)?),*
            ) -> $crate::Result<$output> {
                let operation = $crate::operation!($mode $name $($wait)?);
                let answer = $crate::Layer::inner(self, operation).$name($($argument),*);
                $crate::Layer::around(self, operation, answer).await
            })*
            $($($durability)*)?
        }
    };
    (owned $layer:ty, $role:ident { $(
        $mode:ident $name:ident($(
            $argument:ident: $([ref $reference:path])? $([val $value:ty])? $([opt $optional:path])?
        ),*) -> $output:ty $(, $wait:ident)?;
    )* $(+ $($durability:tt)*)? }) => {
        #[$crate::async_trait]
        impl $crate::$role for $layer {
            $(async fn $name(
                &self,
                $($argument: $(&$reference)? $($value)? $(Option<&$optional>)?),*
            ) -> $crate::Result<$output> {
                $($(let $argument = <$reference>::to_owned($argument);)?)*
                $($(let $argument = $argument.map(<$optional>::to_owned);)?)*
                let operation = $crate::operation!($mode $name $($wait)?);
                self.send(operation, move |store| {
                    $($(let $argument = <$reference>::to_owned(&$argument);)?)*
                    $($(let $argument = $argument.as_deref().map(<$optional>::to_owned);)?)*
                    Box::pin(async move {
                        store.$name($($crate::argument!(
                            $argument $(ref $reference)? $(val $value)? $(opt $optional)?
                        )),*).await
                    })
                })
                .await
            })*
            $($($durability)*)?
        }
    };
}

/// An [`Operation`], for [`forward`](crate::forward).
#[doc(hidden)]
#[macro_export]
macro_rules! operation {
    ($mode:ident $name:ident) => {
        $crate::operation!($mode $name (::std::time::Duration::ZERO))
    };
    ($mode:ident $name:ident $wait:expr) => {
        $crate::Operation {
            name: stringify!($name),
            is_write: $crate::operation!($mode),
            wait: $wait,
        }
    };
    (read) => { false };
    (write) => { true };
}

/// An owned argument as the method takes it, for [`forward`](crate::forward).
#[doc(hidden)]
#[macro_export]
macro_rules! argument {
    ($argument:ident ref $type:path) => {
        &$argument
    };
    ($argument:ident val $type:ty) => {
        $argument
    };
    ($argument:ident opt $type:path) => {
        $argument.as_deref()
    };
}
