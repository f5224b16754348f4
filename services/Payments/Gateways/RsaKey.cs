using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Community.Payments.Gateways;

/// <summary>A key of configuration for SHA256withRSA, as Alipay (RSA2) and WeChat Pay sign.</summary>
internal sealed class RsaKey
{
    private readonly Lock _lock = new(); // RSA does not promise to be used by many at once
    private readonly RSA _rsa;

    private RsaKey(RSA rsa) => _rsa = rsa;

    /// <param name="setting">Its name, for whoever has to put it right; the key itself is never told.</param>
    /// <exception cref="InvalidOperationException">It is no RSA private key.</exception>
    public static RsaKey Private(string setting, string text) => Read(
        text, (rsa, der) => rsa.ImportPkcs8PrivateKey(der, out _), (rsa, der) => rsa.ImportRSAPrivateKey(der, out _)) is { } key && key.HasPrivateKey()
        ? key
        : throw new InvalidOperationException($"{setting} must be an RSA private key of at least 2048 bits: PEM, or the base64 form of PKCS#8 or PKCS#1.");

    /// <exception cref="InvalidOperationException">It is neither an RSA public key nor a certificate of one.</exception>
    public static RsaKey Public(string setting, string text) => Read(
        text, (rsa, der) => rsa.ImportSubjectPublicKeyInfo(der, out _), (rsa, der) =>
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            using var key = certificate.GetRSAPublicKey() ?? throw new CryptographicException("Another algorithm.");
            rsa.ImportParameters(key.ExportParameters(false));
        }) ?? throw new InvalidOperationException($"{setting} must be an RSA public key of at least 2048 bits or its certificate: PEM, or its base64 form.");

    /// <returns>Base64.</returns>
    public string Sign(string text) => Sign(Encoding.UTF8.GetBytes(text));

    /// <inheritdoc cref="Sign(string)"/>
    public string Sign(byte[] data)
    {
        lock (_lock)
        {
            return Convert.ToBase64String(_rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }
    }

    public bool Verify(ReadOnlySpan<byte> data, string? signature)
    {
        var bytes = new byte[(signature?.Length ?? 0) + 4];

        if (!Convert.TryFromBase64String(signature ?? "", bytes, out var length))
        {
            return false;
        }

        lock (_lock)
        {
            return _rsa.VerifyData(data, bytes.AsSpan(0, length), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    private static RsaKey? Read(string text, params Action<RSA, byte[]>[] forms)
    {
        byte[] der;

        try
        {
            der = PemEncoding.TryFind(text, out var pem)
                ? Convert.FromBase64String(text[pem.Base64Data])
                : Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            return null;
        }

        foreach (var form in forms)
        {
            var rsa = RSA.Create();

            try
            {
                form(rsa, der);

                if (rsa.KeySize >= 2048)
                {
                    return new RsaKey(rsa);
                }
            }
            catch (CryptographicException)
            {
                // Perhaps it is of the next form.
            }

            rsa.Dispose();
        }

        return null;
    }

    private bool HasPrivateKey()
    {
        try
        {
            Sign("");

            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
