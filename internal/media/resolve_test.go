package media

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func byURL(address string) *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{ContentInfo: &rbm.ContentInfo{FileURL: address}}}
}

func card(m rbm.Media) *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{RichCard: &rbm.RichCard{
		StandaloneCard: &rbm.StandaloneCard{CardContent: &rbm.CardContent{Media: &m}}}}}
}

func TestOneFetchForAThousandMessages(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	s := newSite(t, func(rw http.ResponseWriter, r *http.Request) {
		<-release
		serveAs("image/png", picture(40, 40))(rw, r)
	})
	var wg sync.WaitGroup
	urls := make([]string, 1000)
	for i := range urls {
		wg.Go(func() {
			list, n, err := w.Resolve(w.ctx(), byURL(s.URL+"/a.png"), nil)
			if err != nil || len(list) != 1 || n == 0 {
				t.Errorf("%v, %d, %v", list, n, err)
				return
			}
			urls[i] = list[0].URL + list[0].ThumbnailURL
		})
	}
	close(release)
	wg.Wait()
	slices.Sort(urls)
	if s.hits.Load() != 1 || len(slices.Compact(urls)) != 1 {
		t.Fatalf("%d fetches, %d files", s.hits.Load(), len(slices.Compact(urls)))
	}
	m := byURL(s.URL + "/a.png")
	m.ContentMessage.ContentInfo.ForceRefresh = true
	list, _, err := w.Resolve(w.ctx(), m, nil)
	if err != nil || s.hits.Load() != 2 || list[0].URL+list[0].ThumbnailURL == urls[0] {
		t.Fatalf("forceRefresh: %v, %v, %d fetches", list, err, s.hits.Load())
	}
	if now, _, err := w.Resolve(w.ctx(), byURL(s.URL+"/a.png"), nil); err != nil || now[0] != list[0] || s.hits.Load() != 2 {
		t.Errorf("after forceRefresh: %v, %v, %d fetches", now, err, s.hits.Load())
	}
	if other, _, err := w.Resolve(w.ctx(), byURL(s.URL+"/b.png"), nil); err != nil || other[0].FileName != "b.png" || s.hits.Load() != 3 {
		t.Errorf("another URL: %v, %v, %d fetches", other, err, s.hits.Load())
	}
}

// forceRefresh gets what is there after it was asked for, also while an older
// fetch is under way; those who ask meanwhile share one fetch.
func TestForceRefreshWaitsItsTurn(t *testing.T) {
	var f flights
	begun, release := make(chan int, 9), make(chan struct{})
	n := 0
	run := func() (*File, error) {
		n++
		begun <- n
		<-release
		return &File{Size: int64(n)}, nil
	}
	old := f.join(source{url: "u"}, false, run)
	<-begun
	same := f.join(source{url: "u"}, false, run)
	fresh, fresher := f.join(source{url: "u"}, true, run), f.join(source{url: "u"}, true, run)
	if same != old || fresh == old || fresher != fresh {
		t.Fatal("joined the wrong fetch")
	}
	release <- struct{}{}
	<-old.done
	<-begun
	if late := f.join(source{url: "u"}, true, run); late == fresh {
		t.Error("joined a fetch that had begun")
	}
	close(release)
	<-fresh.done
	f.flying.Wait()
	if old.file.Size != 1 || fresh.file.Size != 2 || n != 3 || len(f.now)+len(f.next) != 0 {
		t.Errorf("%d fetches: %v, %v; left %v %v", n, old.file, fresh.file, f.now, f.next)
	}
}

func TestURLIsFetchedAgainAfterHalfTheRetention(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, serveAs("application/pdf", []byte("%PDF")))
	resolve := func() string {
		t.Helper()
		list, _, err := w.Resolve(w.ctx(), byURL(s.URL), nil)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(list[0].URL, Path)
	}
	first := resolve()
	w.clock.Advance(30*24*time.Hour - time.Minute)
	if resolve() != first || s.hits.Load() != 1 {
		t.Fatal("fetched again too early")
	}
	w.clock.Advance(time.Minute)
	second := resolve()
	if second == first || s.hits.Load() != 2 {
		t.Fatal("not fetched again")
	}
	if _, err := w.File(w.ctx(), first); err != nil {
		t.Errorf("what older messages show: %v", err)
	}
	w.clock.Advance(30 * 24 * time.Hour)
	if err := w.sweep(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.File(w.ctx(), second); err != nil {
		t.Errorf("what newer messages show: %v", err)
	}
	w.clock.Advance(31 * 24 * time.Hour)
	if err := w.sweep(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if left, _ := w.dues.Count(w.ctx()); left != 0 || len(w.stored("")) != 0 {
		t.Errorf("%d documents and %v left", left, w.stored(""))
	}
}

func TestWhatCannotBeFetched(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.FetchTimeout = 2 * time.Second })
	answers := map[string]http.HandlerFunc{
		"/404": http.NotFound,
		"/untyped": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header()["Content-Type"] = nil
			rw.Write([]byte("x"))
		},
		"/html":  serveAs("text/html", []byte("<p>")),
		"/moved": func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/pdf", http.StatusFound) },
		"/twice": func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/moved", http.StatusFound) },
		"/pdf":   serveAs("application/pdf", []byte("%PDF")),
		"/announced": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "image/png")
			rw.Header().Set("Content-Length", "104857601")
		},
		"/endless": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "video/mp4")
			io.Copy(rw, zeros(MaxFile+1))
		},
		"/short": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "video/mp4")
			rw.Header().Set("Content-Length", "10")
			rw.Write([]byte("x"))
		},
		"/packed": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "image/png")
			rw.Header().Set("Content-Encoding", "gzip")
		},
		"/silent":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"/heading": func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("X-Long", strings.Repeat("x", 1<<20)) },
		"/partial": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusPartialContent) },
	}
	s := newSite(t, func(rw http.ResponseWriter, r *http.Request) { answers[r.URL.Path](rw, r) })
	for path, want := range map[string]string{
		"/404": "HTTP status 404", "/untyped": "Content-Type is missing", "/html": `the type "text/html"`, "/moved": "HTTP status 302",
		"/announced": "more than the 104857600 bytes", "/endless": "more than the 104857600 bytes", "/short": "could not be fetched",
		"/packed": "Content-Encoding", "/silent": "took too long", "/heading": "could not be fetched", "/partial": "HTTP status 206",
	} {
		_, _, err := w.Resolve(w.ctx(), byURL(s.URL+path), nil)
		e := rbm.AsError(err)
		if e == nil || e.Code != rbm.CodeInvalidArgument || len(e.Violations) != 1 || !strings.Contains(e.Message, want) ||
			e.Violations[0].Field != "agent_message.content_message.content_info.file_url" {
			t.Errorf("%s: %v, %+v", path, err, e)
		}
	}
	if file, err := w.FetchUpload(w.ctx(), s.URL+"/moved", Details{}); err != nil || file.MimeType != pdf {
		t.Errorf("an upload that is redirected once: %+v, %v", file, err)
	}
	if _, err := w.FetchUpload(w.ctx(), s.URL+"/twice", Details{}); !isFailure(err) {
		t.Errorf("an upload that is redirected twice: %v", err)
	}
	if left := w.stored("incoming"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	lenient := newWorld(t, func(o *Options) { o.Lenient = true })
	if list, n, err := lenient.Resolve(w.ctx(), byURL(s.URL+"/404"), nil); err != nil || len(list) != 0 || n != 0 {
		t.Errorf("lenient: %v, %d, %v", list, n, err)
	}
}

func TestResolve(t *testing.T) {
	w := newWorld(t)
	small, large := picture(60, 30), picture(400, 300)
	s := newSite(t, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/small.png":
			serveAs("image/png", small)(rw, r)
		case "/large.png":
			serveAs("image/png", large)(rw, r)
		}
	})
	named := func(d Details, content []byte) string { return "files/" + w.create(content, d).Name }
	video := named(Details{MimeType: "video/mp4"}, []byte("video"))
	sound := named(Details{MimeType: "audio/ogg"}, []byte("sound"))
	paper := named(Details{MimeType: pdf}, []byte("%PDF"))
	image := named(Details{MimeType: "image/png"}, small)
	huge := named(Details{MimeType: "image/png"}, large)
	private := named(Details{MimeType: "text/vcard"}, []byte("BEGIN:VCARD"))
	if len(large) <= MaxThumbnail || len(small) > MaxThumbnail {
		t.Fatalf("the pictures have %d and %d bytes", len(large), len(small))
	}
	uploaded := func(name, thumbnail string) rbm.Media {
		return rbm.Media{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: name, ThumbnailName: thumbnail}}
	}
	carousel := func(media ...rbm.Media) *rbm.AgentMessage {
		c := &rbm.CarouselCard{CardContents: []rbm.CardContent{{Title: "no media"}}}
		for _, m := range media {
			c.CardContents = append(c.CardContents, rbm.CardContent{Media: &m})
		}
		return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{RichCard: &rbm.RichCard{CarouselCard: c}}}
	}
	content := func(c rbm.AgentContentMessage) *rbm.AgentMessage { return &rbm.AgentMessage{ContentMessage: &c} }
	const cm, sc = "agent_message.content_message.", "agent_message.content_message.rich_card.standalone_card.card_content.media"
	for _, row := range []struct {
		name   string
		m      *rbm.AgentMessage
		have   []rbm.Feature
		shown  string // path type size thumbnail's type; …
		fields string // of the violations
	}{
		{name: "text", m: content(rbm.AgentContentMessage{Text: "x"})},
		{name: "nothing", m: &rbm.AgentMessage{}},
		{name: "uploaded", m: content(rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: video, ThumbnailName: image}}), shown: "uploadedRbmFile video/mp4 5 image/png"},
		{name: "deprecated", m: content(rbm.AgentContentMessage{FileName: sound}), shown: "fileName audio/ogg 5 "},
		{name: "unknown", m: content(rbm.AgentContentMessage{FileName: "files/" + newName()}), fields: cm + "file_name"},
		{name: "unknown thumbnail", m: content(rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: video, ThumbnailName: "files/x"}}), fields: cm + "uploaded_rbm_file.thumbnail_name"},
		{name: "thumbnail too large", m: content(rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: video, ThumbnailName: huge}}), fields: cm + "uploaded_rbm_file.thumbnail_name"},
		{name: "thumbnail no image", m: content(rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: video, ThumbnailName: paper}}), fields: cm + "uploaded_rbm_file.thumbnail_name"},
		{name: "a user's file", m: content(rbm.AgentContentMessage{FileName: private}), fields: cm + "file_name"},
		{name: "URL", m: content(rbm.AgentContentMessage{ContentInfo: &rbm.ContentInfo{FileURL: s.URL + "/large.png"}}),
			shown: fmt.Sprintf("contentInfo image/png %d image/jpeg", len(large))},
		{name: "URL with thumbnail", m: content(rbm.AgentContentMessage{ContentInfo: &rbm.ContentInfo{FileURL: s.URL + "/large.png", ThumbnailURL: s.URL + "/small.png"}}),
			shown: fmt.Sprintf("contentInfo image/png %d image/png", len(large))},
		{name: "URL with large thumbnail", m: content(rbm.AgentContentMessage{ContentInfo: &rbm.ContentInfo{FileURL: s.URL + "/small.png", ThumbnailURL: s.URL + "/large.png"}}), fields: cm + "content_info.thumbnail_url"},
		{name: "card", m: card(uploaded(image, "")), shown: fmt.Sprintf("richCard.standaloneCard.cardContent.media image/png %d image/jpeg", len(small))},
		{name: "card, deprecated", m: card(rbm.Media{FileName: video}), shown: "richCard.standaloneCard.cardContent.media video/mp4 5 "},
		{name: "card, deprecated, unknown", m: card(rbm.Media{FileName: "files/x"}), fields: sc + ".file_name"},
		{name: "audio in a card", m: card(uploaded(sound, "")), fields: sc},
		{name: "PDF in a card", m: card(uploaded(paper, "")), fields: sc},
		{name: "PDF in a card that can", m: card(uploaded(paper, "")), have: []rbm.Feature{rbm.FeaturePDFInRichCards}, shown: "richCard.standaloneCard.cardContent.media application/pdf 4 "},
		{name: "PDF alone", m: content(rbm.AgentContentMessage{FileName: paper}), shown: "fileName application/pdf 4 "},
		{name: "carousel", m: carousel(uploaded(video, ""), rbm.Media{ContentInfo: &rbm.ContentInfo{FileURL: s.URL + "/small.png"}}),
			shown: fmt.Sprintf("richCard.carouselCard.cardContents[1].media video/mp4 5 ; richCard.carouselCard.cardContents[2].media image/png %d image/jpeg", len(small))},
		{name: "all that is wrong", m: carousel(uploaded("files/x", ""), uploaded(sound, "")),
			fields: cm + "rich_card.carousel_card.card_contents[1].media.uploaded_rbm_file.file_name " + cm + "rich_card.carousel_card.card_contents[2].media"},
	} {
		list, n, err := w.Resolve(w.ctx(), row.m, row.have)
		var shown, fields []string
		var sum int64
		for _, a := range list {
			sum += a.SizeBytes
			shown = append(shown, fmt.Sprintf("%s %s %d %s", a.Path, a.MimeType, a.SizeBytes, a.ThumbnailMimeType))
			if !strings.HasPrefix(a.URL, Path) || (a.ThumbnailURL == "") != (a.ThumbnailMimeType == "") {
				t.Errorf("%s: %+v", row.name, a)
			}
		}
		if e := rbm.AsError(err); e != nil {
			for _, v := range e.Violations {
				fields = append(fields, v.Field)
			}
		}
		if strings.Join(shown, "; ") != row.shown || strings.Join(fields, " ") != row.fields || sum != n {
			t.Errorf("%s:\n got %v, %d bytes, wrong %v (%v)\nwant %s, wrong %s", row.name, shown, n, fields, err, row.shown, row.fields)
		}
	}
}

func TestFilesOfAMessageTogether(t *testing.T) {
	w := newWorld(t)
	file, err := w.Create(w.ctx(), zeros(60<<20), MaxFile, Details{MimeType: "video/mp4"})
	if err != nil {
		t.Fatal(err)
	}
	m := card(rbm.Media{FileName: "files/" + file.Name})
	if _, n, err := w.Resolve(w.ctx(), m, nil); err != nil || n != 60<<20 {
		t.Fatalf("%d, %v", n, err)
	}
	one := *m.ContentMessage.RichCard.StandaloneCard.CardContent
	m.ContentMessage.RichCard = &rbm.RichCard{CarouselCard: &rbm.CarouselCard{CardContents: []rbm.CardContent{one, one}}}
	_, _, err = w.Resolve(w.ctx(), m, nil)
	if e := rbm.AsError(err); e == nil || !strings.Contains(e.Message, "125829120 bytes together") {
		t.Errorf("got %v", err)
	}
}

func TestCloseEndsFetches(t *testing.T) {
	w := newWorld(t)
	asked := make(chan struct{})
	s := newSite(t, func(_ http.ResponseWriter, r *http.Request) { close(asked); <-r.Context().Done() })
	failed := make(chan error)
	go func() {
		_, _, err := w.Resolve(w.ctx(), byURL(s.URL), nil)
		failed <- err
	}()
	<-asked
	w.Close()
	if err := <-failed; rbm.CodeOf(err) != rbm.CodeUnavailable {
		t.Errorf("got %v", err)
	}
}

// A fetch goes on when the one who asked for it has gone: the next one gets it.
func TestFetchOutlivesItsCaller(t *testing.T) {
	w := newWorld(t)
	asked, release := make(chan struct{}), make(chan struct{})
	s := newSite(t, func(rw http.ResponseWriter, r *http.Request) {
		close(asked)
		<-release
		serveAs("application/pdf", []byte("%PDF"))(rw, r)
	})
	ctx, cancel := context.WithCancel(w.ctx())
	gone := make(chan error)
	go func() {
		_, _, err := w.Resolve(ctx, byURL(s.URL), nil)
		gone <- err
	}()
	<-asked
	cancel()
	if err := <-gone; rbm.CodeOf(err) != rbm.CodeCancelled {
		t.Errorf("got %v", err)
	}
	close(release)
	if list, _, err := w.Resolve(w.ctx(), byURL(s.URL), nil); err != nil || len(list) != 1 || s.hits.Load() != 1 {
		t.Errorf("%v, %v, %d fetches", list, err, s.hits.Load())
	}
}
