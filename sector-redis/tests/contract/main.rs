//! What every store promises, checked on every backend: memory, the model of the
//! simulation, data directory, Redis, Redis with the users that are shipped, Redis Cluster.
//!
//! A test is an async function over a [`Bench`]: an open, empty store and a way to let its time
//! pass. To add one, write it in the module it belongs to and list it below.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken promise ends the test"
)]

mod audit;
mod awards;
mod bench;
mod commit;
mod control;
mod documents;
mod events;
mod incarnation;
mod lease;
mod nonces;
mod orders;
mod outcomes;
mod rights;
mod seats;
mod users;

macro_rules! contract {
    ($($module:ident: $($name:ident)*;)*) => {
        mod in_memory {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::$module::$name(crate::bench::Bench::memory().await).await;
                }
            )* })*
        }
        mod in_the_model {
            $(mod $module { $(
                #[tokio::test]
                async fn $name() {
                    crate::$module::$name(crate::bench::Bench::model()).await;
                }
            )* })*
        }
        mod in_directory {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::$module::$name(crate::bench::Bench::directory().await).await;
                }
            )* })*
        }
        mod on_redis {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::$module::$name(crate::bench::Bench::redis().await).await;
                }
            )* })*
        }
        mod on_redis_as_its_users {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::$module::$name(crate::bench::Bench::users().await).await;
                }
            )* })*
        }
        mod on_redis_cluster {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::$module::$name(crate::bench::Bench::cluster().await).await;
                }
            )* })*
        }
    };
}

contract! {
    lease:
        one_of_many_takes_it
        is_not_taken_twice_by_the_same_name
        epochs_grow_and_are_never_reused
        renewal_keeps_it
        renewal_of_a_lost_lease_is_refused
        release_compares
        bad_arguments_are_refused;
    orders:
        are_read_as_appended
        are_numbered_without_gaps
        a_client_id_is_accepted_once
        a_client_id_counts_per_player
        a_client_id_twice_in_a_batch_is_taken_once
        partly_known_batches_append_the_rest
        a_hundred_at_once_with_one_client_id_are_one
        many_at_once_are_each_by_itself
        another_universe_is_refused
        bad_batches_are_refused
        waiting_readers_are_woken
        waiting_ends
        a_cursor_beyond_the_end_is_refused
        are_trimmed_only_below_the_checkpoint;
    commit:
        begins_and_goes_on
        nothing_before_a_universe_begins
        a_stale_worker_changes_nothing
        an_expired_lease_changes_nothing
        repetition_changes_nothing
        repetition_is_known_after_the_lease_is_lost
        a_fork_is_refused
        a_gap_is_refused
        a_late_begin_is_refused
        a_race_of_equal_ticks_has_one_winner
        renews_the_lease
        the_cursor_never_moves_back_or_beyond
        a_universe_id_is_not_used_twice
        malformed_commits_are_refused
        records_are_kept_from_tick_zero
        begin_drops_what_belonged_to_the_old_universe
        a_finished_run_is_kept
        a_finished_universe_takes_no_more
        old_runs_go
        checkpoints_say_what_they_include;
    events:
        are_numbered_without_gaps
        trimming_is_told
        the_checkpoint_can_always_be_followed
        waiting_readers_are_woken
        waiting_ends
        reads_are_bounded_by_count;
    incarnation:
        is_kept_and_told
        is_renewed_only_without_a_worker
        followers_of_another_are_told
        waiting_followers_are_told;
    seats:
        a_faction_has_one_holder
        a_player_has_one_faction
        a_hundred_at_once_for_one_faction
        one_player_at_once_for_many_factions
        lapsed_claims_give_way
        touching_keeps_a_claim
        touching_does_not_revive
        release_frees
        release_all_frees
        another_universe_has_no_seats;
    nonces:
        are_taken_once
        a_hundred_at_once_take_one
        expire
        are_replaced
        are_bounded
        a_flood_of_one_pool_evicts_nothing_of_another;
    control:
        pause_is_kept
        a_restart_is_served_once
        a_newer_restart_is_not_served_by_the_older
        ping_answers;
    rights:
        the_seat_must_be_held
        a_lapsed_seat_gives_no_right
        an_order_is_a_sighting
        a_refused_order_is_no_sighting
        unclaimed_means_by_nobody
        a_known_batch_keeps_its_receipt
        a_full_backlog_refuses
        a_refusal_writes_nothing
        claims_and_orders_at_once
        a_full_backlog_holds_at_once
        bad_rights_are_refused;
    outcomes:
        waiting_then_done_then_forgotten
        come_with_their_commit_alone
        are_of_entries_the_commit_passes
        are_listed_newest_first
        are_listed_per_player
        at_most_a_hundred_are_listed
        outlive_their_universe;
    documents:
        are_kept_once
        are_apart_by_shelf
        end_when_they_say
        compare_and_swap_has_one_winner
        are_removed_once
        are_listed_by_owner
        owners_have_a_maximum
        the_nearest_its_end_gives_way
        ended_ones_do_not_count
        a_hundred_at_once_keep_the_maximum
        bad_documents_are_refused;
    audit:
        is_numbered_without_gaps
        is_read_in_pieces
        is_bounded_by_entry;
    awards:
        are_recorded_once
        come_page_by_page
        come_with_a_commit
        are_listed_beside_their_run;
}
