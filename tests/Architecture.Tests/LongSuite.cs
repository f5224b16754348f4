using System.Text.RegularExpressions;

namespace Community.Architecture.Tests;

/// <summary>What runs in the long suite only. A test that moves there changes this list.</summary>
public sealed partial class LongSuite
{
    private static readonly string[] Tests =
    [
        "Analytics.Tests/Activity/FigureTests The_figures_of_purchases_are_those_of_a_second_computation",
        "AppHost.Tests/ChoiceTests Where_a_container_runtime_answers_the_servers_are_containers_for_this_machine_alone_with_their_data_beside_ours",
        "AppHost.Tests/DemoTests The_demo_is_there_soon_and_every_page_of_every_role_has_something_on_it",
        "AppHost.Tests/LifeTests A_dashboard_that_fails_keeps_nobody_from_starting",
        "AppHost.Tests/LifeTests A_taken_port_of_the_dashboard_is_named_and_keeps_nobody_from_starting",
        "AppHost.Tests/LifeTests Given_servers_are_used_and_none_started",
        "AppHost.Tests/LifeTests However_it_ends_nobody_is_left_and_the_next_start_finds_the_data",
        "EndToEnd.Tests/AccessibilityTests No_page_has_a_serious_fault_light_or_dark_or_on_a_phone",
        "EndToEnd.Tests/IncentivesTests One_earns_sees_why_redeems_and_is_refunded_and_rules_are_tried_before_they_are_published",
        "EndToEnd.Tests/JourneyTests So_it_goes_in_both_languages_wide_and_on_a_phone",
        "EndToEnd.Tests/JourneyTests Without_script_one_reads_joins_pays_asks_and_reviews_all_the_same",
        "EndToEnd.Tests/KeyboardTests By_keyboard_alone_one_reads_pays_asks_and_reviews",
        "EndToEnd.Tests/LiveTests What_another_member_writes_appears_without_a_reload",
        "EventStore.Tests/BackgroundServices Where_the_keep_alive_has_found_the_sessions_broken_the_service_goes_on_and_leads_again",
        "EventStore.Tests/Daemon One_replica_runs_the_daemon_and_the_other_takes_over",
        "EventStore.Tests/EndOfTheLog What_a_crash_of_the_server_takes_from_a_read_model_is_done_again",
        "EventStore.Tests/RebuildBeside Begun_on_one_replica_and_cut_off_it_is_begun_again_on_another",
        "Markup.Tests/PageFuzz Memory_stays_bounded_while_a_thousand_hostile_texts_are_read",
        "Markup.Tests/PageFuzz Texts_of_the_largest_size_and_of_any_make_are_bounded_and_harmless",
        "Messaging.Tests/CutLines What_is_said_while_lines_to_the_broker_and_the_databases_are_cut_is_heard_once",
        "Messaging.Tests/NothingLostNothingTwice A_relay_killed_between_publish_and_progress_publishes_again_and_is_heard_once",
        "Messaging.Tests/NothingLostNothingTwice A_service_that_starts_while_the_broker_is_away_takes_commands",
        "Messaging.Tests/NothingLostNothingTwice Two_replicas_of_speaker_and_listener_do_everything_once_also_when_the_leading_ones_stop",
        "Messaging.Tests/NothingLostNothingTwice With_the_broker_down_commands_go_on_and_all_is_told_when_it_is_back",
        "System.Tests/AwayTests Points_are_exact_although_incentives_is_killed_amid_comments",
        "System.Tests/AwayTests The_story_goes_on_without_the_broker_and_all_follows_when_it_is_back",
        "System.Tests/AwayTests Under_load_both_servers_are_killed_at_once_and_again_for_a_minute_each_and_nothing_acknowledged_is_lost",
        "System.Tests/Fuzz/FuzzTests So_it_is_with_tens_of_thousands_of_requests_and_each_is_answered_within_five_seconds",
        "System.Tests/HostileReadingTests Memory_of_portal_and_services_stays_bounded_while_a_thousand_hostile_texts_of_the_largest_size_are_read",
        "System.Tests/ImportTests A_dump_comes_in_whole_although_the_first_run_was_killed",
        "System.Tests/ImportTests Figures_are_those_that_other_code_finds_in_the_dump",
        "System.Tests/ImportTests Running_it_again_changes_nothing",
        "System.Tests/ImportTests What_came_in_is_there_once",
        "System.Tests/PrivacyTests After_an_erasure_nothing_of_the_person_can_be_read_there_either",
        "System.Tests/PrivacyTests No_address_and_no_name_is_in_a_database_a_message_a_log_or_the_dashboards_files",
        "System.Tests/ReplicaTests The_replicas_of_all_services_die_and_come_back_in_turn_under_load_and_all_is_exact",
        "System.Tests/ReplicaTests The_story_is_told_while_those_who_lead_the_services_die_amid_it",
        "System.Tests/WorstMomentTests Services_that_start_for_the_first_time_after_a_thousand_events_come_to_the_same",
        "System.Tests/WorstMomentTests The_same_hundred_times_and_shuffled_counts_once",
        "System.Tests/WorstMomentTests What_a_killed_consumer_did_and_did_not_acknowledge_comes_again_and_does_nothing",
        "System.Tests/WorstMomentTests What_a_killed_relay_said_and_did_not_note_is_said_again_by_the_other_replica_and_counts_once",
        "Telemetry.Tests/Watching A_trace_goes_on_from_service_to_service_also_where_nobody_collects_it",
        "Telemetry.Tests/Watching Lag_is_seen_growing_and_gone"
    ];

    [Fact]
    public void The_tests_of_the_long_suite_are_these() => Assert.Equal(Tests, Sources()
        .SelectMany(file => Long().Matches(File.ReadAllText(file)).Select(test => $"{Name(file)} {test.Groups[1].Value}"))
        .Order(StringComparer.Ordinal));

    /// <summary>Nothing else keeps a test out of the fast suite.</summary>
    [Fact]
    public void No_test_is_explicit_or_skipped_in_another_way() => Assert.Empty(
        Sources().Where(file => Hidden().IsMatch(File.ReadAllText(file))).Select(Name).Except(["Testing/LongTests", "Architecture.Tests/LongSuite"]));

    private static IEnumerable<string> Sources() => Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal));

    private static string Name(string file) => Path.ChangeExtension(Path.GetRelativePath(Path.Combine(Repository.Root, "tests"), file), null).Replace('\\', '/');

    [GeneratedRegex(@"\[Long(?:Fact|Theory)\].*?public (?:async )?\w+ (\w+)\(", RegexOptions.Singleline)]
    private static partial Regex Long();

    [GeneratedRegex(@"\bExplicit = true|\bSkip = |\[Trait\(")]
    private static partial Regex Hidden();
}
