using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Community.ServiceDefaults;

/// <summary>
/// Which traces are exported. <c>Tracing:PerSecond</c> traces that begin in this process (10; 0: none) are exported whole:
/// what follows from a request goes by its decision, in other services and after a message too. Of all others only the
/// requests, messages and background work that failed or took <c>Tracing:SlowSeconds</c> (1) or longer are exported, each
/// as a single span that says why.
/// </summary>
internal static class Sampling
{
    private const string Reason = "community.sampled.because";

    // A page of the portal asks a service several times. Whoever else claims that all of their requests are traced is not to cost more than this.
    private const int CallsPerTrace = 10;

    public static TracerProviderBuilder AddSampling(this TracerProviderBuilder tracing, IConfiguration configuration)
    {
        var settings = configuration.GetSection("Tracing");
        var (perSecond, slow) = (settings.GetValue("PerSecond", 10.0), TimeSpan.FromSeconds(settings.GetValue("SlowSeconds", 1.0)));

        return tracing
            .SetSampler(services => new ByRate(perSecond, services.GetRequiredService<TimeProvider>()))
            .AddProcessor(new FailedOrSlow(slow));
    }

    private sealed class ByRate(double perSecond, TimeProvider clock) : Sampler
    {
        private readonly Bucket _begun = new(perSecond, clock);
        private readonly Bucket _continued = new(Math.Max(1, perSecond) * CallsPerTrace, clock);

        public override SamplingResult ShouldSample(in SamplingParameters span)
        {
            var parent = span.ParentContext;
            var isRoot = parent.TraceId == default;

            if (isRoot && IsPoll(span))
            {
                return new(SamplingDecision.Drop);
            }

            var isSampled = isRoot ? _begun.TryTake()
                : (parent.TraceFlags & ActivityTraceFlags.Recorded) != 0
                    && (span.Kind != ActivityKind.Server || !parent.IsRemote || _continued.TryTake());

            // A span that is only recorded costs little, and can still be exported at its end. Below it no spans are made:
            // those of the SQL statements are the larger part of what a trace costs.
            return new(isSampled ? SamplingDecision.RecordAndSample
                : isRoot || span.Kind is ActivityKind.Server or ActivityKind.Consumer ? SamplingDecision.RecordOnly
                : SamplingDecision.Drop);
        }

        /// <summary>
        /// The daemon asks the database for new events every second, and leases are held by a statement now and then. Each
        /// would be a trace. What a poll finds is traced.
        /// </summary>
        private static bool IsPoll(in SamplingParameters root) =>
            root.Name == "marten.daemon.highwatermark" || (root.Kind == ActivityKind.Client && root.Name != "System.Net.Http.HttpRequestOut");
    }

    private sealed class FailedOrSlow(TimeSpan slow) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            var reason = data.Recorded ? null : data.Status == ActivityStatusCode.Error ? "failed" : data.Duration >= slow ? "slow" : null;

            if (reason is not null)
            {
                data.SetTag(Reason, reason);
                data.ActivityTraceFlags |= ActivityTraceFlags.Recorded; // the exporter comes after this and looks at it
            }
        }
    }

    /// <summary>As many at once as come in a second, but at least one. The framework's token bucket has a clock of its own.</summary>
    private sealed class Bucket(double perSecond, TimeProvider clock)
    {
        private readonly Lock _lock = new();
        private readonly double _size = perSecond > 0 ? Math.Max(1, perSecond) : 0;
        private double _tokens = double.MaxValue; // full
        private long _filled = clock.GetTimestamp();

        public bool TryTake()
        {
            lock (_lock)
            {
                var now = clock.GetTimestamp();
                _tokens = Math.Min(_size, _tokens + (perSecond * clock.GetElapsedTime(_filled, now).TotalSeconds));
                _filled = now;

                if (_tokens < 1)
                {
                    return false;
                }

                _tokens--;

                return true;
            }
        }
    }
}
