using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Checks;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>
/// Every check is seen to fire on a planted history, and to stay silent on the same history without the fault.
/// </summary>
public sealed class CheckTests
{
    private readonly History _history = new();
    private readonly Contract _contract = new();
    private readonly int _p;
    private long _now = 1;

    public CheckTests()
    {
        _p = _history.Partition("orders-0");
    }

    [Fact]
    public void A_history_without_fault_is_clean()
    {
        PlantGoodHistory();
        Assert.Empty(Judge());
    }

    [Fact]
    public void A_lost_acknowledged_record_is_reported_and_an_unanswered_one_is_not()
    {
        PlantGoodHistory();
        Ack(Id(1, 3), 3);
        Assert.Equal(["no-acked-record-lost"], Judge());
        _history.Final[_p].Records.Add((3, Id(1, 3)));
        _history.Final[_p].HighWatermark = 4;
        _history.Send(Id(1, 4), _p, Next());
        Assert.Empty(Judge());
    }

    [Fact]
    public void A_loss_that_the_contract_allows_is_counted_instead()
    {
        PlantGoodHistory();
        Ack(Id(1, 3), 3);
        _contract.IsPageCache(_p);
        _contract.PowerLostAt(Next());
        Assert.Empty(Judge(out var losses));
        Assert.Equal(1, losses);
    }

    [Fact]
    public void A_promise_that_hangs_on_one_leader_falls_with_a_leader_and_not_without()
    {
        PlantGoodHistory();
        Ack(Id(1, 3), 3);
        _contract.HangsOnLeader(_p);
        Assert.Equal(["no-acked-record-lost"], Judge());
        _contract.StruckAt(Next());
        Assert.Empty(Judge(out var losses));
        Assert.Equal(1, losses);
    }

    [Fact]
    public void A_page_cache_record_acknowledged_after_the_last_power_loss_is_owed()
    {
        PlantGoodHistory();
        _contract.IsPageCache(_p);
        _contract.PowerLostAt(Next());
        Ack(Id(1, 3), 3);
        Assert.Equal(["no-acked-record-lost"], Judge());
    }

    [Fact]
    public void A_deleted_record_is_only_missed_where_nothing_may_be_deleted()
    {
        PlantGoodHistory();
        _history.Final[_p].Records.RemoveAt(0);
        _history.Final[_p].LogStart = 1;
        Assert.Equal(["no-acked-record-lost"], Judge());
        _contract.MayBeTrimmed(_p);
        Assert.Empty(Judge());
    }

    [Fact]
    public void An_acknowledgement_at_the_wrong_offset_is_reported()
    {
        PlantGoodHistory();
        _history.Final[_p].Records.Add((3, Id(2, 0)));
        _history.Final[_p].Records.Add((4, Id(1, 3)));
        _history.Final[_p].HighWatermark = 5;
        _history.Send(Id(2, 0), _p, Next());
        Ack(Id(1, 3), 3);
        Assert.Equal(["ack-offset"], Judge());
    }

    [Fact]
    public void One_offset_acknowledged_twice_is_reported()
    {
        PlantGoodHistory();
        Ack(Id(2, 0), 2);
        Assert.Contains("ack-offset", Judge());
    }

    [Fact]
    public void A_gap_a_short_log_and_a_changed_record_are_reported()
    {
        PlantGoodHistory();
        _history.Final[_p].HighWatermark = 4;
        Assert.Equal(["offsets-stable"], Judge());
        _history.Final[_p].HighWatermark = 3;
        _history.Final[_p].Records[1] = (5, Id(1, 1));
        Assert.Contains("offsets-stable", Judge());
        _history.Final[_p].Records[1] = (1, Id(1, 1));
        Read(offset: 2, id: Id(1, 1), consumer: 9, group: -1);
        Assert.Contains("offsets-stable", Judge());
    }

    [Fact]
    public void A_record_that_was_read_and_is_gone_is_reported_though_nobody_acknowledged_it()
    {
        PlantGoodHistory();
        _history.Send(Id(1, 3), _p, Next());
        Read(offset: 3, id: Id(1, 3), consumer: 9, group: -1);
        Assert.Contains("offsets-stable", Judge());
    }

    [Fact]
    public void Who_read_what_may_be_lost_and_is_must_have_been_told()
    {
        foreach (var (offset, id) in new[] { (3L, Id(1, 3)), (2L, Id(1, 9)) })
        {
            PlantGoodHistory();
            LoseUncleanly();
            Read(offset, id, consumer: 9, group: -1);
            Assert.Equal(["truncations-told"], Judge());
            Tell(consumer: 8, from: offset);
            Tell(consumer: 9, from: offset + 1);
            Assert.Equal(["truncations-told"], Judge());
            Tell(consumer: 9, from: offset);
            Assert.Empty(Judge());
            Read(offset, id, consumer: 9, group: -1);
            Assert.Equal(["truncations-told"], Judge());
            _history.Truncations.Clear();
        }
    }

    [Fact]
    public void Who_cannot_be_told_where_the_logs_part_believes_nothing()
    {
        PlantGoodHistory();
        LoseUncleanly();
        Read(2, Id(1, 9), consumer: 9, group: -1);
        Tell(consumer: 9, from: -1);
        Assert.Empty(Judge());
    }

    [Fact]
    public void A_record_read_a_second_time_as_another_is_reported_and_a_deleted_one_is_not()
    {
        PlantGoodHistory();
        LoseUncleanly();
        _contract.MayBeTrimmed(_p);
        _history.Final[_p].LogStart = 1;
        _history.Final[_p].Records.RemoveAt(0);
        Read(0, Id(1, 9), consumer: 9, group: -1);
        Assert.Empty(Judge());
        Read(0, Id(1, 0), consumer: 9, group: -1);
        Assert.Equal(["truncations-told"], Judge());
    }

    [Fact]
    public void Nobody_may_be_told_of_a_loss_where_none_can_be()
    {
        PlantGoodHistory();
        Tell(consumer: 9, from: 1);
        Assert.Equal(["truncations-told"], Judge());
        LoseUncleanly();
        Assert.Empty(Judge());
    }

    [Fact]
    public void A_duplicate_a_reorder_a_refused_and_a_foreign_record_are_reported()
    {
        foreach (var plant in new Action<FinalLog>[]
        {
            log => log.Records[2] = (2, Id(1, 0)),
            log => (log.Records[1], log.Records[2]) = ((1, Id(1, 2)), (2, Id(1, 1))),
            log => log.Records.Add((3, Id(7, 7))),
            log => _history.Refused(0, Next()),
        })
        {
            PlantGoodHistory();
            plant(_history.Final[_p]);
            _history.Final[_p].HighWatermark = _history.Final[_p].Records.Count;
            Assert.Contains("idempotence", Judge());
        }
    }

    [Fact]
    public void Reading_twice_skipping_and_sharing_in_one_generation_are_reported()
    {
        foreach (var (offset, consumer) in new[] { (1L, 1), (3L, 1), (2L, 2) })
        {
            PlantGoodHistory();
            Read(offset, Id(1, (int)offset), consumer, group: 0);
            Assert.Contains("once-per-generation", Judge());
        }
    }

    [Fact]
    public void Another_generation_may_read_again()
    {
        PlantGoodHistory();
        _history.Reads.Add(new ReadRecord(2, _p, 0, -1, Next()) { Group = 0, Generation = 2 });
        _history.Reads.Add(new ReadRecord(2, _p, 0, Id(1, 0), Next()) { Group = 0, Generation = 2 });
        Assert.Empty(Judge());
    }

    [Fact]
    public void A_committed_offset_that_goes_back_or_vanishes_is_reported()
    {
        foreach (var answer in new[] { 1L, -1, 5 })
        {
            PlantGoodHistory();
            Commit(1);
            Commit(2);
            _history.CommitFetched(0, _p, answer, Next(), Next());
            Assert.Equal(["commits-survive"], Judge());
        }
    }

    [Fact]
    public void An_unanswered_commit_may_or_may_not_have_happened()
    {
        foreach (var answer in new[] { 1L, 2 })
        {
            PlantGoodHistory();
            Commit(1);
            _history.AskCommit(0, _p, 2, Next());
            _history.CommitFetched(0, _p, answer, Next(), Next());
            Assert.Empty(Judge());
        }
    }

    [Fact]
    public void A_high_watermark_that_goes_back_on_one_connection_is_reported()
    {
        PlantGoodHistory();
        _history.HighWatermarks.Add((_p, 1, 3, Next()));
        _history.HighWatermarks.Add((_p, 2, 2, Next()));
        Assert.Empty(Judge());
        _history.HighWatermarks.Add((_p, 1, 2, Next()));
        Assert.Equal(["high-watermark"], Judge());
    }

    [Fact]
    public void A_log_start_that_goes_back_is_reported()
    {
        PlantGoodHistory();
        _contract.MayBeTrimmed(_p);
        _history.LogStarts.Add((_p, 2, Next()));
        Assert.Equal(["log-start"], Judge());
    }

    private static long Id(int producer, int count) => ((long)producer << History.ProducerShift) + count;

    private Instant Next() => new(_now++);

    private void PlantGoodHistory()
    {
        var log = new FinalLog { LogStart = 0, HighWatermark = 3 };
        _history.Final[_p] = log;
        _history.Reads.Clear();
        if (_history.Sent.Length == 0)
        {
            for (var i = 0; i < 3; i++)
            {
                Ack(Id(1, i), i);
            }

            _history.Group("readers");
        }

        _history.Reads.Add(new ReadRecord(1, _p, 0, -1, Next()) { Group = 0, Generation = 1 });
        for (var i = 0; i < 3; i++)
        {
            log.Records.Add((i, Id(1, i)));
        }

        Read(0, Id(1, 0), 1, 0);
        Read(1, Id(1, 1), 1, 0);
    }

    private void LoseUncleanly()
    {
        _contract.MayElectUncleanly(_p);
        _contract.StruckAt(Next());
    }

    private void Tell(int consumer, long from) =>
        _history.Truncations.Add(new ToldTruncation(consumer, _p, from, _history.Reads.Count, Next()));

    private void Ack(long id, long offset) => _history.Acked(_history.Send(id, _p, Next()), offset, Next());

    private void Commit(long offset) =>
        _history.CommitAnswered(_history.AskCommit(0, _p, offset, Next()), false, Next());

    private void Read(long offset, long id, int consumer, int group) =>
        _history.Reads.Add(new ReadRecord(consumer, _p, offset, id, Next()) { Group = group, Generation = 1 });

    private List<string> Judge() => Judge(out _);

    private List<string> Judge(out long allowedLosses)
    {
        var verdict = new Verdict();
        foreach (var check in CheckCatalog.All())
        {
            check.Judge(_history, _contract, verdict);
        }

        allowedLosses = verdict.AllowedLosses;
        return [.. verdict.Violations.Select(violation => violation.Check).Distinct()];
    }
}
