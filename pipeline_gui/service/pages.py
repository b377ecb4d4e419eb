"""The page, and the login to it."""

from __future__ import annotations

import html
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response

from pipeline_gui.service import page
from pipeline_gui.service.access import SESSION_SECONDS, clean_name
from pipeline_gui.service.bodies import read_body
from pipeline_gui.service.context import Context, client_of, identity_of
from pipeline_gui.service.problems import Problem

LARGEST_FORM = 8192
_NO_STORE = {"Cache-Control": "no-store"}


def add_pages(app: FastAPI, context: Context, name: str | None) -> None:
    """``/``, ``/login`` and ``/logout``; none of them is part of the API."""

    @app.get("/", include_in_schema=False)
    async def get_page(request: Request) -> Response:
        identity = identity_of(request)
        text = await context.workers.reads.run(
            context.dashboard.generate_html, live=True, may_act=identity.may_act, may_leave=identity.by_cookie
        )
        policy = f"{page.content_policy(live=True)}; frame-ancestors 'none'"
        return Response(text, headers={**_NO_STORE, "Content-Security-Policy": policy}, media_type="text/html")

    @app.get("/login", include_in_schema=False)
    async def get_login() -> Response:
        if context.access.is_open:
            return _to("/")
        return _form(name, "")

    @app.post("/login", include_in_schema=False)
    async def log_in(request: Request) -> Response:
        if context.access.is_open:
            return _to("/")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
            raise Problem(415, "unsupported-media-type", "The login takes a form.")
        try:
            fields = parse_qs((await read_body(request, LARGEST_FORM)).decode(), max_num_fields=10)
        except ValueError as error:
            raise Problem(400, "malformed", "The form can't be read.") from error
        given = fields.get("name", [""])[0]
        person = clean_name(given)
        if given.strip() and person is None:
            return _form(name, "A name has letters, digits, and . - _ or spaces between them.", 422)
        identity = context.access.by_token(fields.get("token", [""])[0].strip().encode(), person)
        if identity is None:
            context.log.warning("a login failed", extra={"client": client_of(request)})
            return _form(name, "That token is not known here.", 401)
        context.log.info(
            "logged in", extra={"user": identity.user, "role": identity.role, "client": client_of(request)}
        )
        answer = _to("/")
        _set_cookie(context, answer, context.access.make_session(identity), SESSION_SECONDS)
        return answer

    @app.post("/logout", include_in_schema=False)
    async def log_out(request: Request) -> Response:
        context.access.end_session(request.cookies.get(context.cookie, ""))
        answer = _to("/login")
        _set_cookie(context, answer, "", 0)
        return answer


def _set_cookie(context: Context, answer: Response, value: str, seconds: int) -> None:
    answer.set_cookie(
        context.cookie, value, max_age=seconds, path="/", secure=context.is_secure, httponly=True, samesite="strict"
    )


def _to(path: str) -> Response:
    return Response(status_code=303, headers={"Location": path, **_NO_STORE})


def _form(name: str | None, message: str, status: int = 200) -> Response:
    text = page.fill(
        page.read("login.html"),
        {
            "title": f"Log in · {name}" if name else "Log in · Pipelines",
            "icon": page.favicon(),
            "style": page.read("style.css"),
            "system": name or "",
            "message": f'<p class="error" role="alert">{html.escape(message)}</p>' if message else "",
        },
    )
    policy = f"{page.content_policy(live=True)}; frame-ancestors 'none'"
    return Response(text, status, {**_NO_STORE, "Content-Security-Policy": policy}, media_type="text/html")
