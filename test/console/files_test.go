package console

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
)

// scene draws a landscape: pictures in tests should look like pictures.
func scene(w, h int, sky, hill color.RGBA, sun float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	mix := func(a, b color.RGBA, t float64) color.RGBA {
		f := func(x, y uint8) uint8 { return uint8(float64(x)*(1-t) + float64(y)*t) }
		return color.RGBA{f(a.R, b.R), f(a.G, b.G), f(a.B, b.B), 255}
	}
	light := color.RGBA{255, 244, 224, 255}
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/float64(w), float64(y)/float64(h)
			c := mix(sky, light, fy*.9)
			if d := math.Hypot((fx-sun)*float64(w)/float64(h), fy-.36); d < .13 {
				c = color.RGBA{255, 250, 235, 255}
			}
			for i := range 3 {
				edge := .55 + .14*float64(i) + .07*math.Sin(fx*(5+3*float64(i))+float64(i)*1.7+sun*6)
				if fy > edge {
					c = mix(hill, light, .5-.24*float64(i))
				}
			}
			img.Set(x, y, c)
		}
	}
	return img
}

func pngOf(img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func gifOf() []byte {
	g := gif.GIF{}
	palette := color.Palette{color.RGBA{245, 240, 255, 255}, color.RGBA{120, 80, 220, 255}}
	for frame := range 6 {
		img := image.NewPaletted(image.Rect(0, 0, 240, 160), palette)
		for y := range 160 {
			for x := range 240 {
				if math.Hypot(float64(x-40-frame*30), float64(y-80)) < 28 {
					img.SetColorIndex(x, y, 1)
				}
			}
		}
		g.Image, g.Delay = append(g.Image, img), append(g.Delay, 12)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &g); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// wavOf is half a second of a tone, 8-bit, 8 kHz, in a WAV file.
func wavOf() []byte {
	const n = 4000
	var b bytes.Buffer
	b.WriteString("RIFF")
	for _, v := range []any{uint32(36 + n), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(8000), uint32(8000), uint16(1), uint16(8), []byte("data"), uint32(n)} {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	for i := range n {
		b.WriteByte(byte(128 + 60*math.Sin(float64(i)*2*math.Pi*440/8000)))
	}
	return b.Bytes()
}

const pdfFile = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 280]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

// files serves what messages name.
func files(t *testing.T) string {
	type file struct {
		kind string
		body []byte
	}
	all := map[string]file{
		"/forest.png": {"image/png", pngOf(scene(720, 405, color.RGBA{126, 188, 230, 255}, color.RGBA{26, 107, 60, 255}, .7))},
		"/dusk.png":   {"image/png", pngOf(scene(720, 540, color.RGBA{240, 140, 110, 255}, color.RGBA{84, 44, 110, 255}, .35))},
		"/sea.png":    {"image/png", pngOf(scene(720, 405, color.RGBA{90, 170, 230, 255}, color.RGBA{12, 80, 130, 255}, .5))},
		"/sand.png":   {"image/png", pngOf(scene(600, 800, color.RGBA{240, 200, 120, 255}, color.RGBA{170, 100, 40, 255}, .6))},
		"/logo.png":   {"image/png", pngOf(scene(224, 224, color.RGBA{50, 150, 90, 255}, color.RGBA{12, 70, 36, 255}, .5))},
		"/small.png":  {"image/png", pngOf(scene(160, 90, color.RGBA{126, 188, 230, 255}, color.RGBA{26, 107, 60, 255}, .7))},
		"/ball.gif":   {"image/gif", gifOf()},
		"/tone.wav":   {"audio/wav", wavOf()},
		"/tone.mp3":   {"audio/mpeg", wavOf()},
		"/film.mp4":   {"video/mp4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")},
		"/terms.pdf":  {"application/pdf", []byte(pdfFile)},
		"/page.html":  {"text/html; charset=utf-8", []byte("<!doctype html><title>Rates</title><body style='font:18px sans-serif;padding:24px'><h1>Rates of the week</h1><p>From 3.1 % for ten years.")},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := all[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", f.kind)
		_, _ = w.Write(f.body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}
