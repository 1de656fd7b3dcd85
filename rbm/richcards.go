package rbm

import "iter"

// RichCard is exactly one of a carousel and a standalone card (facts/rbm-api.md §2.4).
type RichCard struct {
	CarouselCard   *CarouselCard   `json:"carouselCard,omitzero" rbm:"oneof=card"`
	StandaloneCard *StandaloneCard `json:"standaloneCard,omitzero" rbm:"oneof=card"`
}

// CarouselCard is a row of [MinCarouselCards] to [MaxCarouselCards] cards. With
// CardWidthSmall no card may have TALL media (facts/rbm-api.md §2.4).
type CarouselCard struct {
	CardWidth    CardWidth     `json:"cardWidth,omitzero"`
	CardContents []CardContent `json:"cardContents,omitempty"`
}

// StandaloneCard is a single card. ThumbnailImageAlignment only matters when
// the orientation is HORIZONTAL, Media.Height only when it is not (facts/rbm-api.md §2.4).
type StandaloneCard struct {
	CardOrientation         CardOrientation         `json:"cardOrientation,omitzero"`
	ThumbnailImageAlignment ThumbnailImageAlignment `json:"thumbnailImageAlignment,omitzero"`
	CardContent             *CardContent            `json:"cardContent,omitzero"`
}

// CardContent is one card: media, a title or a description at least, and at
// most [MaxCardSuggestions] suggestions (facts/rbm-api.md §2.5).
type CardContent struct {
	Title       string       `json:"title,omitzero"`       // at most MaxTitleChars characters
	Description string       `json:"description,omitzero"` // at most MaxDescriptionChars characters
	Media       *Media       `json:"media,omitzero"`
	Suggestions []Suggestion `json:"suggestions,omitempty"`
}

// Media is an image, video or PDF in a card: exactly one of FileName,
// ContentInfo and UploadedRbmFile (facts/rbm-api.md §2.6).
type Media struct {
	FileName           string           `json:"fileName,omitzero" rbm:"oneof=content"` // deprecated, "files/…"
	Height             Height           `json:"height,omitzero"`
	ContentInfo        *ContentInfo     `json:"contentInfo,omitzero" rbm:"oneof=content"`
	UploadedRbmFile    *UploadedRbmFile `json:"uploadedRbmFile,omitzero" rbm:"oneof=content"`
	ContentDescription string           `json:"contentDescription,omitzero"` // text for screen readers
}

// CardOrientation is the layout of a standalone card; "" is unspecified.
type CardOrientation string

// The card orientations (facts/rbm-api.md §2.4).
const (
	CardOrientationHorizontal CardOrientation = "HORIZONTAL"
	CardOrientationVertical   CardOrientation = "VERTICAL"
)

// ThumbnailImageAlignment is the side of the picture in a HORIZONTAL card; ""
// is unspecified.
type ThumbnailImageAlignment string

// The thumbnail alignments (facts/rbm-api.md §2.4).
const (
	ThumbnailImageAlignmentLeft  ThumbnailImageAlignment = "LEFT"
	ThumbnailImageAlignmentRight ThumbnailImageAlignment = "RIGHT"
)

// CardWidth is the width of a carousel's cards; "" is unspecified.
type CardWidth string

// The card widths: 120 and 232 DP (facts/rbm-api.md §2.4).
const (
	CardWidthSmall  CardWidth = "SMALL"
	CardWidthMedium CardWidth = "MEDIUM"
)

// Height is the height of media in a vertical card; "" is unspecified.
type Height string

// The media heights: 112, 168 and 264 DP (facts/rbm-api.md §2.6).
const (
	HeightShort  Height = "SHORT"
	HeightMedium Height = "MEDIUM"
	HeightTall   Height = "TALL"
)

func (r *RichCard) card() [2]member {
	return [...]member{{"carouselCard", r.CarouselCard != nil}, {"standaloneCard", r.StandaloneCard != nil}}
}

func (m *Media) content() [3]member {
	return [...]member{
		{"fileName", m.FileName != ""},
		{"contentInfo", m.ContentInfo != nil},
		{"uploadedRbmFile", m.UploadedRbmFile != nil},
	}
}

// canonical reports on the card itself; its contents are looked at apart.
func (r *RichCard) canonical() bool {
	if r == nil {
		return true
	}
	x, s, c := r.card(), r.StandaloneCard, r.CarouselCard
	return atMostOne(x[:]) && (c == nil || cardWidths.has(c.CardWidth)) &&
		(s == nil || cardOrientations.has(s.CardOrientation) && thumbnailAlignments.has(s.ThumbnailImageAlignment))
}

func (m *Media) canonical() bool {
	if m == nil {
		return true
	}
	x := m.content()
	return atMostOne(x[:]) && heights.has(m.Height)
}

// cards yields every card of the message with its place.
func (m *AgentMessage) cards() iter.Seq2[place, *CardContent] {
	return func(yield func(place, *CardContent) bool) {
		if m.ContentMessage == nil || m.ContentMessage.RichCard == nil {
			return
		}
		r := m.ContentMessage.RichCard
		if s := r.StandaloneCard; s != nil && s.CardContent != nil && !yield(standalone, s.CardContent) || r.CarouselCard == nil {
			return
		}
		for i := range r.CarouselCard.CardContents {
			if !yield(place(i), &r.CarouselCard.CardContents[i]) {
				return
			}
		}
	}
}
