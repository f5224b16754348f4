using System.Net.Sockets;
using Npgsql;

namespace Community.EventStore;

public static class DatabaseAway
{
    /// <summary>True where nothing is wrong with the work: the database does not answer, or takes no writes just now.</summary>
    public static bool IsDatabaseAway(this Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException!)
        {
            switch (e)
            {
                case PostgresException
                {
                    SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
                    or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction
                }:
                case NpgsqlException { InnerException: IOException or SocketException or TimeoutException }:
                case NpgsqlException and not PostgresException when e.InnerException is null:
                    return true;
            }
        }

        return false;
    }
}
