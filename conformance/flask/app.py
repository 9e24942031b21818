"""A Flask application as Bellgate stands beside: logins, forms, sessions and tokens of the real packages.

Its settings come from the environment with the prefix FLASK_, as `Flask.config.from_prefixed_env` reads them;
`FLASK_SESSION_TYPE=redis` keeps sessions in the Redis that SESSION_REDIS_URL names, `FLASK_RATELIMIT_STORAGE_URI`
says where rates are counted, and `FLASK_NOTIFY_LIMIT` how often a user may `POST /notify`.
"""

import hmac
import json
import os
import time
import urllib.request
from pathlib import Path

from flask import Flask, abort, redirect, render_template_string, request, session
from flask_jwt_extended import JWTManager, create_access_token
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_session import Session
from flask_wtf import CSRFProtect
from flask_wtf.csrf import validate_csrf
from wtforms import ValidationError

ROLES = {"admin": ["admin"], "editor": ["editor"]}
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>{{ current_user.id if current_user.is_authenticated else "nobody" }}</title>
<link rel="icon" href="data:,">
<meta name="csrf-token" content="{{ csrf_token() }}">
<script src="/socket.io.js"></script>
<script src="/page.js"></script>
<form id="login" method="post" action="/login">
  <input type="hidden" name="{{ config['WTF_CSRF_FIELD_NAME'] }}" value="{{ csrf_token() }}">
  <label>Name <input name="name"></label>
  <button>Log in</button>
</form>
<form id="logout" method="post" action="/logout">
  <input type="hidden" name="{{ config['WTF_CSRF_FIELD_NAME'] }}" value="{{ csrf_token() }}">
  <button>Log out</button>
</form>
"""

app = Flask(__name__)
app.config.update(RATELIMIT_STORAGE_URI="memory://", NOTIFY_LIMIT="60/minute")
app.config.from_prefixed_env()
if app.config.get("SESSION_TYPE") == "redis":
    import redis

    app.config["SESSION_REDIS"] = redis.Redis.from_url(os.environ["SESSION_REDIS_URL"])
    Session(app)
csrf = CSRFProtect(app)
JWTManager(app)
limiter = Limiter(get_remote_address, app=app, default_limits=["1000/minute"])
logins = LoginManager(app)


class User(UserMixin):
    """Somebody by name; names decide about roles."""

    def __init__(self, name):
        self.id = name

    @property
    def roles(self):
        return ROLES.get(self.id, [])


logins.user_loader(User)


@app.get("/")
def page():
    return render_template_string(PAGE)


@app.post("/login")
def log_in():
    user = User(request.form["name"])
    login_user(user)
    session["roles"] = user.roles
    return redirect("/")


@app.post("/logout")
@login_required
def log_out():
    user = current_user.id
    logout_user()
    session.clear()
    if gate := os.environ.get("BELLGATE_URL"):
        tell(f"{gate}/api/v1/users/{user}/disconnect")
    return redirect("/")


@app.post("/notify")
@limiter.shared_limit(lambda: app.config["NOTIFY_LIMIT"], scope="notify", key_func=lambda: current_user.get_id())
@login_required
def notify():
    return "", 204


@app.get("/token")
@login_required
def token():
    return create_access_token(current_user.id, additional_claims={"roles": current_user.roles})


@app.post("/bellgate/auth")
@csrf.exempt
def bellgate_auth():
    """Says who somebody is, for Bellgate alone."""
    sent = dict(part.split("=", 1) for part in request.headers["Bellgate-Signature"].split(","))
    signed = sent["t"].encode() + b"." + request.get_data()
    expected = hmac.new(os.environ["WEBHOOK_SECRET"].encode(), signed, "sha256").hexdigest()
    if abs(time.time() - int(sent["t"])) > 60 or not hmac.compare_digest(sent["v1"], expected):
        abort(400)
    asked = request.get_json()
    environ = {"REMOTE_ADDR": asked["address"]}
    with app.test_request_context(headers=asked["headers"], environ_base=environ):
        if not current_user.is_authenticated:
            return {"user": None}
        try:
            validate_csrf((asked["auth"] or {}).get("csrf_token"))
        except ValidationError as error:
            return {"message": str(error)}, 403
        return {"user": current_user.get_id(), "roles": current_user.roles, "expires_in": 3600}


@app.get("/<name>.js")
def script(name):
    files = json.loads(os.environ["SCRIPTS"])
    return Path(files[name]).read_text("utf-8"), {"Content-Type": "text/javascript"}


def tell(url):
    """Has Bellgate do something, as an application's own code would."""
    headers = {"Authorization": f"Bearer {os.environ['BELLGATE_KEY']}"}
    urllib.request.urlopen(urllib.request.Request(url, data=b"", headers=headers), timeout=10).close()
