using System;
using System.Collections;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Generator;
using RecordBytes = Deterministic.Protocol.Records;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>
/// A message in the JSON that Kafka's own converters read: names begin in lower case, bytes are base64, and only the
/// fields of the version are there.
/// </summary>
internal sealed class MessageJson(MessageClass message, int version, Utf8JsonWriter json)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(MessageClass message, int version, IMessage value)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            new MessageJson(message, version, json).WriteFields(message.Schema.Body, value);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private void WriteFields(Struct body, object value)
    {
        json.WriteStartObject();
        foreach (var field in body.Fields.Where(field => field.Versions.Contains(version)))
        {
            json.WritePropertyName(char.ToLowerInvariant(field.Name[0]) + field.Name[1..]);
            WriteValue(field, value.GetType().GetProperty(field.Name)!.GetValue(value));
        }

        json.WriteEndObject();
    }

    private void WriteValue(Field field, object? value)
    {
        if (value is null)
        {
            json.WriteNullValue();
            return;
        }

        if (!field.IsArray)
        {
            WriteElement(field, value);
            return;
        }

        json.WriteStartArray();
        foreach (var element in (IList)value)
        {
            WriteElement(field, element!);
        }

        json.WriteEndArray();
    }

    private void WriteElement(Field field, object value)
    {
        switch (value)
        {
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case double number:
                // Kafka's converter takes a whole number for an integer unless it has a point.
                json.WriteRawValue(number.ToString("0.0##", CultureInfo.InvariantCulture));
                break;
            case sbyte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case Uuid id:
                json.WriteStringValue(id.ToString());
                break;
            case ReadOnlyMemory<byte> bytes:
                json.WriteBase64StringValue(bytes.Span);
                break;
            case RecordBytes records:
                json.WriteBase64StringValue(records.Bytes.Span);
                break;
            default:
                WriteFields(message.Schema.FindStruct(field.StructName!)!, value);
                break;
        }
    }
}
