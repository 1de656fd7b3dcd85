package media

import (
	"bytes"
	"context"
	stdimage "image"
	"image/color"
	_ "image/gif"
	"image/jpeg"
	_ "image/png"
	"io"
	"os"

	"golang.org/x/image/draw"
)

// The bounds of a thumbnail that is made here.
const (
	thumbnailSide  = 480        // pixels, at most
	thumbnailBytes = 50_000     // "≤ 50 kB recommended", facts/rbm-api.md §2.3
	maxPixels      = 40_000_000 // of the image: 160 MB while it is scaled
)

// makeThumbnail makes the thumbnail of the image at path; nil if it is none that
// can be read.
func (f *Files) makeThumbnail(ctx context.Context, path string, d Details) *File {
	f.scaling <- struct{}{}
	jpg, err := scale(path)
	<-f.scaling
	if err != nil {
		f.log.InfoContext(ctx, "no thumbnail", "title", d.Title, "owner", d.Owner, "err", err)
		return nil
	}
	c, err := f.receive(bytes.NewReader(jpg), MaxThumbnail)
	if err == nil {
		var thumb *File
		if thumb, err = f.store(ctx, c, Details{MimeType: "image/jpeg", Title: d.Title, Owner: d.Owner, Alt: d.Alt}); err == nil {
			return thumb
		}
	}
	f.log.ErrorContext(ctx, "thumbnail not kept", "err", err)
	return nil
}

// scale reads the image at path and gives a small JPEG of it, on white.
func scale(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	config, _, err := stdimage.DecodeConfig(file)
	if err != nil {
		return nil, err
	}
	if int64(config.Width)*int64(config.Height) > maxPixels {
		return nil, fail("%d by %d pixels are too many", config.Width, config.Height)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	from, _, err := stdimage.Decode(file)
	if err != nil {
		return nil, err
	}
	for side := thumbnailSide; ; side /= 2 {
		to := stdimage.NewRGBA(fit(from.Bounds(), side))
		draw.Draw(to, to.Bounds(), stdimage.NewUniform(color.White), stdimage.Point{}, draw.Src)
		draw.ApproxBiLinear.Scale(to, to.Bounds(), from, from.Bounds(), draw.Over, nil)
		var out bytes.Buffer
		if err := jpeg.Encode(&out, to, &jpeg.Options{Quality: 80}); err != nil {
			return nil, err
		}
		if out.Len() <= thumbnailBytes || side < 16 {
			return out.Bytes(), nil
		}
	}
}

// fit is the largest rectangle of the shape of b with no side over side; an image
// is not made larger.
func fit(b stdimage.Rectangle, side int) stdimage.Rectangle {
	w, h := b.Dx(), b.Dy()
	if longest := max(w, h); longest > side {
		w, h = max(1, w*side/longest), max(1, h*side/longest)
	}
	return stdimage.Rect(0, 0, w, h)
}
