package rbm

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Kind is a proto field type, as error messages name it.
type Kind string

// The kinds of the API. Times, durations and free JSON objects are messages on
// the wire; here they have kinds of their own, as they are read differently.
const (
	KindString    Kind = "TYPE_STRING"
	KindBool      Kind = "TYPE_BOOL"
	KindInt32     Kind = "TYPE_INT32"
	KindInt64     Kind = "TYPE_INT64"
	KindDouble    Kind = "TYPE_DOUBLE"
	KindEnum      Kind = "TYPE_ENUM"
	KindMessage   Kind = "TYPE_MESSAGE"
	KindTimestamp Kind = "google.protobuf.Timestamp"
	KindDuration  Kind = "google.protobuf.Duration"
	KindStruct    Kind = "google.protobuf.Struct"
)

// MessageSchema describes a proto message: the schema that a request is read by, and
// that an API description can be written from.
type MessageSchema struct {
	Name   string // full proto name
	Fields []FieldSchema
	byName map[string]int // camelCase and snake_case
}

// FieldSchema describes one field of a message.
type FieldSchema struct {
	JSON       string // sendTime
	Name       string // send_time
	Kind       Kind
	Repeated   bool
	Map        bool           // from strings to messages of Message
	OutputOnly bool           // set by the platform, ignored on input
	Oneof      string         // the union it belongs to, or ""
	Message    *MessageSchema // of KindMessage
	Enum       *EnumSchema    // of KindEnum
}

// EnumSchema describes a proto enum. The index of a value is its number; the first
// is the unspecified one.
type EnumSchema struct {
	Name   string // full proto name
	Values []string
}

// TypeName is the full proto name of the field's type, or the kind of a scalar,
// as error messages name it.
func (f *FieldSchema) TypeName() string {
	switch f.Kind {
	case KindEnum:
		return "type.googleapis.com/" + f.Enum.Name
	case KindMessage:
		return "type.googleapis.com/" + f.Message.Name
	case KindTimestamp, KindDuration, KindStruct:
		return "type.googleapis.com/" + string(f.Kind)
	}
	return string(f.Kind)
}

var schemas sync.Map // reflect.Type → *MessageSchema

// Schema is the schema of T, a struct whose json tags are the JSON names. An
// rbm tag marks a field as output only ("out") or as a member of a union
// ("oneof=name"). It panics when T has a field of a type that no proto has.
func Schema[T any]() *MessageSchema { return schemaOf(reflect.TypeFor[T]()) }

func schemaOf(t reflect.Type) *MessageSchema {
	if m, ok := schemas.Load(t); ok {
		return m.(*MessageSchema)
	}
	m := &MessageSchema{Name: protoName(t), byName: map[string]int{}}
	for i := range t.NumField() {
		f := newField(t.Field(i))
		m.byName[f.JSON], m.byName[f.Name] = i, i
		m.Fields = append(m.Fields, f)
	}
	schemas.Store(t, m)
	return m
}

func newField(sf reflect.StructField) FieldSchema {
	json, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
	f := FieldSchema{JSON: json, Name: snake(json)}
	for option := range strings.SplitSeq(sf.Tag.Get("rbm"), ",") {
		f.OutputOnly = f.OutputOnly || option == "out"
		if oneof, ok := strings.CutPrefix(option, "oneof="); ok {
			f.Oneof = oneof
		}
	}
	t := sf.Type
	if t.Kind() == reflect.Slice {
		t, f.Repeated = t.Elem(), true
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	f.setType(t)
	return f
}

func (f *FieldSchema) setType(t reflect.Type) {
	if f.Enum = enums[t]; f.Enum != nil {
		f.Kind = KindEnum
		return
	}
	switch {
	case t == reflect.TypeFor[Timestamp]():
		f.Kind = KindTimestamp
	case t == reflect.TypeFor[Duration]():
		f.Kind = KindDuration
	case t.Kind() == reflect.String:
		f.Kind = KindString
	case t.Kind() == reflect.Bool:
		f.Kind = KindBool
	case t.Kind() == reflect.Int32:
		f.Kind = KindInt32
	case t.Kind() == reflect.Int64:
		f.Kind = KindInt64
	case t.Kind() == reflect.Float64:
		f.Kind = KindDouble
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct:
		f.Kind, f.Map, f.Message = KindMessage, true, schemaOf(t.Elem())
	case t.Kind() == reflect.Map:
		f.Kind = KindStruct
	case t.Kind() == reflect.Struct:
		f.Kind, f.Message = KindMessage, schemaOf(t)
	default:
		panic(fmt.Sprintf("rbm: field %s has type %s, which no proto has", f.JSON, t))
	}
}

// snake turns a camelCase path into snake_case; dots and indices stay.
func snake(s string) string {
	b := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b = append(b, '_', c+'a'-'A')
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

const protoPackage = "google.communications.rcsbusinessmessaging.v1."

// protoPackages holds the proto packages of the Go packages whose messages are
// not of protoPackage, by the last word of their path.
var protoPackages = map[string]string{
	"businesscommunications": "google.communications.businesscommunications.v1.",
}

// protoNames holds the messages whose full name is not protoPackage and the
// name of the Go type (facts/rbm-api.md §0.1, §4.4).
var protoNames = map[reflect.Type]string{
	reflect.TypeFor[RichCard]():       protoPackage + "richcards.RichCard",
	reflect.TypeFor[StandaloneCard](): protoPackage + "richcards.StandaloneCard",
	reflect.TypeFor[CarouselCard]():   protoPackage + "richcards.CarouselCard",
	reflect.TypeFor[CardContent]():    protoPackage + "richcards.CardContent",
	reflect.TypeFor[Media]():          protoPackage + "richcards.Media",
	reflect.TypeFor[OpenURLAction]():  protoPackage + "OpenUrlAction",
	reflect.TypeFor[LatLng]():         "google.type.LatLng",
	reflect.TypeFor[Status]():         "google.rpc.Status",
}

func protoName(t reflect.Type) string {
	if name, ok := protoNames[t]; ok {
		return name
	}
	if of, ok := protoPackages[t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]]; ok {
		return of + t.Name()
	}
	return protoPackage + t.Name()
}

// enums holds the description of each enum's Go type.
var enums = map[reflect.Type]*EnumSchema{}

// enum is the set of specified values of a Go enum type.
type enum[E ~string] []E

// has reports whether v is unspecified or one of the set.
func (e enum[E]) has(v E) bool { return v == "" || slices.Contains(e, v) }

func newEnum[E ~string](name, unspecified string, values ...E) enum[E] {
	RegisterEnum(protoPackage+name, unspecified, values...)
	return values
}

// RegisterEnum describes the Go enum type E of another package, so that [Schema]
// knows it. name is its full proto name; values stand in the order of their
// numbers, from 1. Call it while packages are initialised only.
func RegisterEnum[E ~string](name, unspecified string, values ...E) {
	d := &EnumSchema{Name: name, Values: []string{unspecified}}
	for _, v := range values {
		d.Values = append(d.Values, string(v))
	}
	enums[reflect.TypeFor[E]()] = d
}

// Every enum, its values in the order of their numbers (facts/rbm-api.md §1.3, §1.7, §2.4
// to §2.12, §3.5 to §3.7).
var (
	trafficTypes = newEnum("MessageTrafficType", "MESSAGE_TRAFFIC_TYPE_UNSPECIFIED",
		TrafficAuthentication, TrafficTransaction, TrafficPromotion, TrafficServiceRequest, TrafficAcknowledgement)
	cardOrientations = newEnum("richcards.StandaloneCard.CardOrientation", "CARD_ORIENTATION_UNSPECIFIED",
		CardOrientationHorizontal, CardOrientationVertical)
	thumbnailAlignments = newEnum("richcards.StandaloneCard.ThumbnailImageAlignment", "THUMBNAIL_IMAGE_ALIGNMENT_UNSPECIFIED",
		ThumbnailImageAlignmentLeft, ThumbnailImageAlignmentRight)
	cardWidths          = newEnum("richcards.CarouselCard.CardWidth", "CARD_WIDTH_UNSPECIFIED", CardWidthSmall, CardWidthMedium)
	heights             = newEnum("richcards.Media.Height", "HEIGHT_UNSPECIFIED", HeightShort, HeightMedium, HeightTall)
	openURLApplications = newEnum("OpenUrlApplication", "OPEN_URL_APPLICATION_UNSPECIFIED",
		OpenURLApplicationBrowser, OpenURLApplicationWebview)
	webviewViewModes = newEnum("WebviewViewMode", "WEBVIEW_VIEW_MODE_UNSPECIFIED",
		WebviewViewModeFull, WebviewViewModeHalf, WebviewViewModeTall)
	agentEventTypes = newEnum("AgentEvent.EventType", "TYPE_UNSPECIFIED", AgentEventIsTyping, AgentEventRead)

	_ = newEnum("Tester.InviteStatus", "INVITE_STATUS_UNSPECIFIED", InviteStatusPending, InviteStatusAccepted, InviteStatusDeclined)
	_ = newEnum("RichMessageClassificationType", "RICH_MESSAGE_CLASSIFICATION_TYPE_UNSPECIFIED",
		ClassificationRichMessage, ClassificationRichMediaMessage, ClassificationSuggestedActionClick)
	_ = newEnum("Feature", "FEATURE_UNSPECIFIED", FeatureRevocation, FeatureRichCardStandalone, FeatureRichCardCarousel,
		FeatureActionCreateCalendarEvent, FeatureActionDial, FeatureActionOpenURL, FeatureActionShareLocation,
		FeatureActionViewLocation, FeatureActionOpenURLInWebview, FeaturePDFInRichCards, FeatureActionCompose)
	_ = newEnum("UserFile.FileCategory", "FILE_CATEGORY_UNSPECIFIED", FileCategoryImage, FileCategoryVideo, FileCategoryAudio)
	_ = newEnum("SuggestionResponse.SuggestionType", "UNKNOWN", SuggestionTypeReply, SuggestionTypeAction)
	_ = newEnum("UserEvent.EventType", "EVENT_TYPE_UNSPECIFIED",
		UserEventDelivered, UserEventIsTyping, UserEventRead, UserEventUnsubscribe, UserEventSubscribe)
	_ = newEnum("ServerEvent.EventType", "EVENT_TYPE_UNSPECIFIED",
		ServerEventTTLExpirationRevoked, ServerEventTTLExpirationRevokeFailed)
)
