"""A human head as a signed distance field: about forty smoothly united primitives placed by named measures.

Frame: millimeters, pupils at y = 0, ear canals near z = 0, +x the subject's left, +y up, +z out of the face. The head
is symmetric: every function takes the half with x >= 0, and |x| is rounded at the midline.
"""
import numpy as np

# The measures of the average head. Lengths in mm, `eye_tilt`, `ear_angle` and `jaw_open` in degrees.
MEAN = dict(
    # what surveys measure (population.py names them)
    head_length=192.5, head_breadth=150., face_breadth=138.5, jaw_breadth=112., forehead_breadth=104., face_length=118.,
    nose_length=50., nose_breadth=35., nose_protrusion=20.5, nose_root_breadth=16.5, interpupillary=63., lip_length=50.,
    upper_lip_height=21., eye_length=30.5, eye_height=10.5, upper_vermilion=7.8, lower_vermilion=9.6, ear_length=62.,
    head_height=113., neck_breadth=106.,
    # what they do not: mm of relief
    sellion_depth=0., bridge_height=0., bridge_width=0., tip_width=0., tip_angle=0., wing_height=0., nostril_flare=0.,
    brow_ridge=0., brow_height=0., forehead_slope=0., forehead_bulge=0., temple=0., eye_depth=0., eye_tilt=3.,
    lid_hood=0., eye_bag=0., cheekbone=0., cheekbone_height=0., cheek=0., jowl=0., muzzle=0., lip_protrusion=0.,
    cupid_bow=0., mouth_tilt=0., philtrum=0., chin=0., chin_width=0., chin_length=0., chin_fold=0., jaw_height=0.,
    jaw_width=0., under_chin=0., ear_angle=0., crown=0., occiput=0., midface=0.,
    # what moves in an expression
    mouth_gap=.35, jaw_open=0., corner_back=0., lower_lid=0., cheek_raise=0.)

NECK_END = 145.  # mm below the pupils: where the sculpture is cut off
EYEBALL = 13.2  # radius, mm: a real one has 12, this one also has to reach the corners of the almond


def smooth_min(a, b, k):
    """Union of two fields with a fillet of about k mm (polynomial smooth minimum)."""
    h = np.maximum(k - np.abs(a - b), 0.)
    return np.minimum(a, b) - h * h / (4. * k)


def smooth_max(a, b, k):
    """Intersection of two fields with a fillet of about k mm."""
    return -smooth_min(-a, -b, k)


def _floats(vector):
    """Python numbers: they leave float32 points float32."""
    return [float(v) for v in vector]


def ellipsoid(p, center, radii):
    """First-order distance to an axis-aligned ellipsoid, points [3, N] -> [N]; exact on the surface."""
    center, radii = _floats(center), _floats(radii)
    q = [(p[i] - center[i]) / radii[i] for i in range(3)]
    level = np.sqrt(q[0]**2 + q[1]**2 + q[2]**2)
    slope = np.sqrt((q[0] / radii[0])**2 + (q[1] / radii[1])**2 + (q[2] / radii[2])**2)
    return level * (level - 1.) / np.maximum(slope, 1e-6)


def cone(p, a, b, radius_a, radius_b):
    """Distance to spheres swept from a to b with a linearly changing radius, points [3, N] -> [N]."""
    a, b, radius_a, radius_b = _floats(a), _floats(b), float(radius_a), float(radius_b)
    axis = [b[i] - a[i] for i in range(3)]
    t = sum((p[i] - a[i]) * axis[i] for i in range(3)) / sum(d * d for d in axis)
    t = np.clip(t, 0., 1.)
    distance = np.sqrt(sum((p[i] - a[i] - t * axis[i])**2 for i in range(3)))
    return distance - (radius_a + t * (radius_b - radius_a))


def rise(x, low, high):
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0., 1.)
    return t * t * (3. - 2. * t)


def near(part, p, d, center, reach):
    """The field `d` with a part of the head joined to it, computed only where it can be felt: in the box center +- reach."""
    inside = np.all([np.abs(p[i] - float(center[i])) < reach[i] for i in range(3)], 0)
    d[inside] = part(p[:, inside], d[inside])
    return d


class Head:
    """The places of a head's primitives, from its measures; `field(points)` is its signed distance, negative inside."""

    def __init__(self, **measures):
        unknown = set(measures) - set(MEAN)
        if unknown:
            raise ValueError(f"unknown measures of a head: {sorted(unknown)}")
        m = self.measures = dict(MEAN, **measures)
        self.__dict__.update({name: float(value) for name, value in m.items()})
        self.sellion = np.array([0., 6.5, 91. + self.midface + self.sellion_depth])
        self.subnasale = np.array([0., 6.5 - self.nose_length, 97.5 + self.midface + .6 * self.muzzle])
        self.stomion = np.array([0., self.subnasale[1] - self.upper_lip_height, 97. + self.midface + self.muzzle])
        self.menton = np.array([0., 4.5 - self.face_length, 83. + self.midface + self.chin])
        rise_of_tip = 10. + self.tip_angle
        forward = np.sqrt(max((self.nose_protrusion - 1.8)**2 - rise_of_tip**2, 36.))
        self.tip = self.subnasale + [0., rise_of_tip, forward]
        self.eye = np.array([self.interpupillary / 2., 0., 67. + self.eye_depth + .5 * self.midface])
        turn = np.radians(self.jaw_open)
        self.jaw_drop = self._turned(self.stomion, turn) - self.stomion
        self.menton = self._turned(self.menton, turn)
        self.corner = np.array([self.lip_length / 2. + .8, self.stomion[1] + self.mouth_tilt - .6,
                                self.stomion[2] - 11.5 - self.corner_back]) + .45 * self.jaw_drop
        self.cheekbone_x = self.face_breadth / 2. - 8.  # the soft parts add the rest
        self.gonion = np.array([self.jaw_breadth / 2. - 6., self.menton[1] + 42. + self.jaw_height, 13.])

    @staticmethod
    def _turned(point, angle):
        """The point of the lower jaw after the jaw opened by `angle` radians about its joints."""
        y, z = point[1] + 12., point[2] - 4.
        cos, sin = np.cos(angle), np.sin(angle)
        return np.array([point[0], cos * y - sin * z - 12., sin * y + cos * z + 4.])

    def field(self, points):
        """Signed distance in mm (first order), points [3, N] with x >= 0 -> [N]."""
        x, y, z = points
        p = np.stack([np.sqrt(x * x + 1.), y, z])
        d = self._face(p, self._skull(p))
        d = near(self._sockets, p, d, self.eye + [0., 8., 8.], (42., 32., 40.))
        d = near(self._nose, p, d, self.tip + [0., 12., -14.], (40., 50., 42.))
        d = near(self._mouth, p, d, self.stomion + self.jaw_drop / 2. - [0., 2., 4.], (46., 42., 34.))
        d = near(self._lids, p, d, self.eye + [0., 0., 4.], (26., 26., 24.))
        d = near(self._ear, p, d, (self.head_breadth / 2. + 4., -18., -10.), (34., 50., 40.))
        return smooth_max(d, -NECK_END - y, 4.)

    def _skull(self, p):
        half = self.head_length / 2. - 4.5  # the brow ridge adds the rest
        back = 92. + self.midface - half
        d = ellipsoid(p, (0., 32. + .5 * self.crown, back), (self.head_breadth / 2., self.head_height - 32., half))
        # The forehead is broader than the ellipsoid there; the frontal bosses carry the slope and the breadth.
        boss = self.forehead_breadth / 2.
        forehead = ellipsoid(p, (0., 36., 43. + self.midface - .5 * self.forehead_slope),
                             (boss + 6. + self.temple, 48., 49. + self.forehead_bulge))
        d = smooth_min(d, forehead, 22.)
        d = smooth_min(d, ellipsoid(p, (0., 4., back - half + 42.), (56., 44., 42. + self.occiput)), 25.)
        neck = cone(p, (0., -200., -20.), (0., -60., -14.), self.neck_breadth / 2. + 2., self.neck_breadth / 2. - 5.)
        return smooth_min(d, neck, 22.)

    def _face(self, p, d):
        m, mouth, menton = self.midface, self.stomion, self.menton
        wide = self.face_breadth / 138.5
        d = smooth_min(d, ellipsoid(p, (0., -36., 27. + m), (60. * wide, 72., 59.)), 16.)
        side = ellipsoid(p, (0., -38., 6.), (self.cheekbone_x - 5.5, 58., 52.))
        d = smooth_min(d, side, 24.)
        d = smooth_min(d, ellipsoid(p, (0., mouth[1] + 7., 57. + mouth[2] - 97.), (32., 31., 38.)), 14.)
        cheekbone = (self.cheekbone_x - 14., -14. + self.cheekbone_height, 32. + m)
        malar = (39. * wide, -20. + self.cheekbone_height, 62. + m + self.cheekbone)
        d = smooth_min(d, cone(p, malar, cheekbone, 14., 13.), 18.)
        d = smooth_min(d, cone(p, cheekbone, (self.cheekbone_x - 13., -12., 2.), 13., 12.), 18.)
        cheek = ellipsoid(p, (32. * wide, -46. + self.cheek_raise, 58. + m), (17., 19., 19. + self.cheek))
        d = smooth_min(d, cheek, 22.)
        d = smooth_min(d, ellipsoid(p, (44. * wide, -46., 32. + m), (14. + self.jowl, 32., 29.)), 24.)
        chin = (0., menton[1] + 14., menton[2] - 9.)
        d = smooth_min(d, ellipsoid(p, chin, (22. + self.chin_width, 14.5 + self.chin_length, 17.)), 14.)
        side = (19. + self.chin_width, menton[1] + 13., menton[2] - 18.)
        pad = ellipsoid(p, (27., mouth[1] - 14. + .9 * self.jaw_drop[1], 55. + m + .9 * self.jaw_drop[2]),
                        (20., 19., 22. + .5 * self.jowl))
        d = smooth_min(d, pad, 22.)
        body = (.5 * self.gonion[0] + .5 * side[0] - 3., menton[1] + 25., 44.)
        d = smooth_min(d, cone(p, self.gonion - [12., 0., 0.], body, 10. + .6 * self.jowl, 11. + .6 * self.jowl), 20.)
        d = smooth_min(d, cone(p, body, side, 11. + .6 * self.jowl, 11.), 14.)
        ramus = (self.cheekbone_x - 12., -20., 6.)
        d = smooth_min(d, cone(p, self.gonion - [12., 0., 0.], ramus, 10.5 + self.jaw_width, 10.), 24.)
        throat = (0., menton[1] + 8., 58. + m + self.chin)
        return smooth_min(d, cone(p, throat, (0., menton[1] + 2., 10.), 12. + self.under_chin, 30.), 20.)

    def _sockets(self, p, d):
        m, y, out = self.midface, 20. + self.brow_height, self.brow_ridge
        ridge = cone(p, (9., y, 83. + m + out), (46., y - 1., 62. + m + .5 * out), 9.5, 8.)
        d = smooth_min(d, ridge, 12.)
        e = self.eye
        d = smooth_max(d, -ellipsoid(p, (e[0] + .5, e[1] + 1., 91. + .5 * m), (18., 11.5, 14.)), 13.)
        return d

    def _nose(self, p, d):
        s, t, n = self.sellion, self.tip, self.subnasale
        root = self.nose_root_breadth / 2. - 2. + .5 * self.bridge_width
        middle = .5 * (s + t) + [0., 0., self.bridge_height - 7.5]
        top = cone(p, s - [0., 0., root], middle, root, 7.3)
        low = cone(p, middle, t - [0., 0., 8.], 7.3, 7.2 + .5 * self.tip_width)
        bridge = smooth_min(top, low, 4.)
        side = cone(p, (6., s[1] - 6., s[2] - 14.), (8., t[1] + 4., n[2] - 4.), 6. + .5 * self.bridge_width, 8.)
        d = smooth_min(d, side, 9.)
        d = smooth_min(d, bridge, 10.)
        tip = ellipsoid(p, t - [0., .5, 9.5], (9.2 + self.tip_width, 8.3, 9.5))
        d = smooth_min(d, tip, 7.)
        half = self.nose_breadth / 2.
        wing = ellipsoid(p, (half - 5.8, n[1] + 6.5 + self.wing_height, n[2] - .5), (6.2 + self.nostril_flare, 7., 9.5))
        d = smooth_min(d, wing, 6.)
        columella = cone(p, (0., n[1] + 1.5, n[2] - 2.), (0., t[1] - 6., t[2] - 9.), 3.6, 4.5)
        d = smooth_min(d, columella, 4.)
        nostril = ellipsoid(p, (.45 * half - .2, n[1] + 1. + .7 * self.wing_height, n[2] + 4.),
                            (3.4 + .3 * self.nostril_flare, 4.4, 6.))
        return smooth_max(d, -nostril, 2.)

    def _mouth(self, p, d):
        s, c, low_mid = self.stomion, self.corner, self.stomion + self.jaw_drop
        up, low, out = self.upper_vermilion, self.lower_vermilion, self.lip_protrusion
        philtrum = cone(p, (0., self.subnasale[1] - 3., self.subnasale[2] + 4.2), (0., s[1] + up + 2., s[2] + 6.8),
                        1.6 + self.philtrum, 2.4 + self.philtrum)
        d = smooth_max(d, -philtrum, 5.)
        fold = cone(p, low_mid + [0., -low - 6.5, 2.], low_mid + [11., -low - 5., -2.], 1.6 + self.chin_fold, .5)
        d = smooth_max(d, -fold, 9.)
        bow = (4., s[1] + .52 * up + .4 * self.cupid_bow, s[2] - 2.2 + out)
        mid = (.55 * c[0], s[1] + .34 * up + .3 * (c[1] - s[1]), s[2] - 4.6 + .7 * out)
        d = smooth_min(d, cone(p, bow, mid, .46 * up + .5, .36 * up + .5), 5.)
        d = smooth_min(d, cone(p, mid, c + [-2., .3, -1.], .36 * up + .5, 1.), 5.)
        full = low_mid + [0., -.5 * low, -4.2 + out]
        side = np.array([.5 * c[0], s[1] - .45 * low + .3 * (c[1] - s[1]), s[2] - 6.2 + .7 * out]) + .8 * self.jaw_drop
        d = smooth_min(d, cone(p, full, side, .5 * low + .2, .44 * low + .2), 4.5)
        d = smooth_min(d, cone(p, side, c + [-2., -.4, -1.5], .44 * low + .2, 1.), 4.5)
        return smooth_max(d, -self._slit(p), .8)

    def lip_lines(self, x):
        """Heights of the upper and the lower lip's edge at x, and the lips' front (z) there, [N] -> three [N]."""
        s, c = self.stomion, self.corner
        t = np.clip(x / c[0], 0., 1.)
        bend = np.sqrt(np.maximum(1. - t * t, 0.))
        line = s[1] + (c[1] - s[1]) * t**2 + .5 * np.cos(3. * np.pi * t) * (1. - t) - .3
        half = .5 * self.mouth_gap * np.sqrt(bend)
        return line + half, line - half + self.jaw_drop[1] * bend, s[2] - (s[2] - c[2]) * t**2

    def _slit(self, p):
        """The mouth: a slit between the lips that ends in a pocket behind them."""
        upper, lower, front = self.lip_lines(p[0])
        wider = 1.6 * rise(front - p[2], 5., 11.)
        height = np.maximum(p[1] - upper - wider, lower - wider - p[1])
        return np.maximum(np.maximum(height, p[0] - self.corner[0] + 1.), front - 13. + .5 * self.jaw_drop[2] - p[2])

    def lid_lines(self, x):
        """The heights of the upper and the lower lid's edge at x, beyond the corners extrapolated, [N] -> two [N]."""
        t = (x - self.eye[0]) / (.53 * self.eye_length)  # marching rounds the corners off
        slant = .53 * self.eye_length * np.tan(np.radians(self.eye_tilt)) * t
        inside = np.clip(1. - t**2, -1., 1.)
        upper = slant + self.eye_height * (.47 * inside * (1. - .15 * t) + .07 * np.sqrt(np.maximum(inside, 0.)))
        lower = slant - (.52 * self.eye_height - self.lower_lid) * inside * (1. + .25 * t)
        return self.eye[1] + upper - .3, self.eye[1] + lower - .3

    def _lids(self, p, d):
        e = self.eye
        from_eye = np.sqrt((p[0] - e[0])**2 + (p[1] - e[1])**2 + (p[2] - e[2])**2)
        upper, lower = self.lid_lines(p[0])
        d = smooth_min(d, from_eye - EYEBALL - 1.6, 6.)
        above, below = p[1] - upper, p[1] - lower
        near = rise(p[2], e[2] - 4., e[2] + 4.) * rise(21. - np.abs(p[0] - e[0]), 0., 9.)
        fold = np.exp(-((above - 4.2) / 1.3)**2) - .6 * self.lid_hood * np.exp(-((above - 6.5) / 2.8)**2)
        bag = .35 * np.exp(-((below + 5.5) / 1.8)**2) - .35 * self.eye_bag * np.exp(-((below + 9.) / 3.)**2)
        d = d + near * (.8 * fold + bag)
        opening = np.maximum(above, -below)
        floor = EYEBALL - 2.2 - from_eye
        return smooth_max(d, -np.maximum(np.maximum(opening, floor), e[2] - p[2]), .7)

    def _ear(self, p, d):
        scale = self.ear_length / 62.
        a = np.radians(25. + self.ear_angle)
        x0 = self.head_breadth / 2. - 3.
        # The auricle's own frame: u outward along its plate, v up, w through the plate.
        y = p[1] + 18.
        c, s = np.cos(a), np.sin(a)
        u = (p[0] - x0) * s - (p[2] + 6.) * c
        w = (p[0] - x0) * c + (p[2] + 6.) * s
        q = (u - .22 * y, y, w)
        plate = ellipsoid(q, (13. * scale, 3. * scale, 0.), (17. * scale, 30. * scale, 5.5))
        bowl = ellipsoid(q, (11. * scale, 4. * scale, 8.5), (10. * scale, 17. * scale, 6.))
        lobe = ellipsoid(q, (9. * scale, -25. * scale, 0.), (8. * scale, 9. * scale, 4.))
        ear = smooth_min(smooth_max(plate, -bowl, 2.5), lobe, 5.)
        return smooth_min(d, ear, 4.)
