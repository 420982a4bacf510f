//! The scripts, hashed once.

use redis::Script;

macro_rules! scripts {
    (plain: $($read:ident)* ; marked: $($write:ident)*) => {
        pub(super) struct Scripts {
            $(pub(super) $read: Script,)*
            $(pub(super) $write: Script,)*
        }

        impl Scripts {
            pub(super) fn new() -> Self {
                Self {
                    $($read: Script::new(include_str!(concat!("../script/", stringify!($read), ".lua"))),)*
                    // Nothing is written into a store that is not marked as ours. (`open` marks it,
                    // and `orders_append` looks for itself, where it must.)
                    $($write: Script::new(concat!(
                        include_str!("../script/mark.lua"),
                        include_str!(concat!("../script/", stringify!($write), ".lua")),
                    )),)*
                }
            }
        }
    };
}

scripts! {
    plain:
    checkpoint
    document_list
    dump
    head
    lease_look
    open
    order_status
    orders_append
    orders_waiting
    outcomes_of
    records
    runs
    seat_list
    stream_read;
    marked:
    audit_append
    award
    backup_note
    commit
    document_insert
    document_remove
    document_remove_of
    document_replace
    incarnation_renew
    lease_acquire
    lease_release
    lease_renew
    nonce_put
    nonce_take
    pause
    restart_request
    restore
    restore_stage
    seat_claim
    seat_release
    seat_release_all
    seat_touch
}
